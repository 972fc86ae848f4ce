using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Dashboard.Components;

/// <summary>A page on which not every key may do everything.</summary>
public abstract class ScopedPage : DashboardPage
{
    /// <summary>Who is signed in; null before that is known.</summary>
    protected AuthenticatedCaller? Caller { get; private set; }

    /// <summary>What the key is good for; null before that is known.</summary>
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
            // What is asked for next says so.
        }

        await LoadPageAsync();
    }

    /// <inheritdoc cref="DashboardPage.LoadAsync"/>
    protected abstract Task LoadPageAsync();
}
