using Microsoft.AspNetCore.Components;
using RateLimiter.Api.Dashboard.Formatting;
using RateLimiter.Api.Dashboard.Sessions;

namespace RateLimiter.Api.Dashboard.Components;

/// <summary>
/// What a page inherits. The server renders it twice: at first as plain HTML, at which nothing is asked for, so that the
/// viewer sees its skeleton at once; then over the connection, where <see cref="LoadAsync"/> is called, and again whenever
/// the page's parameters change.
/// </summary>
/// <example>
/// <code>
/// @page "/keys"
/// @inherits DashboardPage
/// &lt;PageHeader Title="Keys" />
/// &lt;Loaded Reply="keys" Retry="LoadAsync" Context="list"> … &lt;/Loaded>
/// @code {
///     private Reply&lt;IReadOnlyList&lt;UsedKey>?>? keys;
///     protected override async Task LoadAsync() =>
///         keys = await Session.SendAsync(Scopes.KeysWrite, holder => new ListKeysQuery(holder.Client.Id));
/// }
/// </code>
/// </example>
public abstract class DashboardPage : ComponentBase
{
    [Inject]
    protected DashboardSession Session { get; private set; } = default!;

    /// <summary>Times in the viewer's zone.</summary>
    [Inject]
    protected ViewerClock Clock { get; private set; } = default!;

    protected sealed override async Task OnParametersSetAsync()
    {
        if (RendererInfo.IsInteractive)
        {
            await Clock.PrepareAsync();
            await LoadAsync();
        }
    }

    /// <summary>Asks for what the page shows, or for all of it anew.</summary>
    protected abstract Task LoadAsync();
}
