using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Dashboard.Components;

/// <summary>A page with actions for which some keys lack the scope.</summary>
public abstract class ScopedPage : DashboardPage
{
    /// <summary>The signed-in caller; null before it is known.</summary>
    protected AuthenticatedCaller? Caller { get; private set; }

    /// <summary>The scopes of the key; null before they are known.</summary>
    protected Scopes? KeyScopes => Caller?.Key.Scopes;

    protected bool May(Scopes wanted) => KeyScopes?.Allow(wanted) == true;

    protected sealed override async Task LoadAsync()
    {
        try
        {
            Caller = await Session.FindCallerAsync();
        }
        catch (StoreUnavailableException)
        {
            // The next request reports it.
        }

        await LoadPageAsync();
    }

    /// <inheritdoc cref="DashboardPage.LoadAsync"/>
    protected abstract Task LoadPageAsync();
}
