using Microsoft.AspNetCore.Components;
using RateLimiter.Dashboard.Formatting;
using RateLimiter.Dashboard.Sessions;

namespace RateLimiter.Dashboard.Components;

/// <summary>
/// The base class of pages. The server renders a page twice: first as static HTML, without loading data, so that the viewer
/// sees its skeleton immediately; then over the connection, where <see cref="LoadAsync"/> is called, and again whenever the
/// page's parameters change.
/// </summary>
/// <example>
/// <code>
/// @page "/keys"
/// @inherits DashboardPage
/// &lt;PageHeader Title="Keys" />
/// &lt;Loaded Reply="keys" Retry="LoadAsync" Context="list"> … &lt;/Loaded>
///
/// public sealed partial class KeysPage
/// {
///     private Reply&lt;IReadOnlyList&lt;UsedKey>?>? keys;
///
///     protected override async Task LoadAsync() =>
///         keys = await Session.SendAsync(Scopes.KeysWrite, caller => new ListKeysQuery(caller.Client.Id));
/// }
/// </code>
/// </example>
public abstract class DashboardPage : ComponentBase
{
    [Inject]
    protected DashboardSession Session { get; private set; } = default!;

    /// <summary>Times in the viewer's time zone.</summary>
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

    /// <summary>Loads, or reloads, all that the page shows.</summary>
    protected abstract Task LoadAsync();
}
