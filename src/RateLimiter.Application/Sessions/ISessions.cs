using RateLimiter.Application.Stores;

namespace RateLimiter.Application.Sessions;

/// <summary>
/// The sessions of the dashboard that are open, shared by all instances: a cookie whose session has ended is good for nothing,
/// whoever has a copy of it.
/// </summary>
public interface ISessions
{
    /// <summary>Opens a session.</summary>
    /// <param name="id">What names it, for nobody to guess.</param>
    /// <param name="lifetime">After which it ends in any case.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreUnavailableException">It may not be open.</exception>
    Task OpenAsync(string id, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <exception cref="StoreUnavailableException">Nobody can say.</exception>
    Task<bool> IsOpenAsync(string id, CancellationToken cancellationToken);

    /// <exception cref="StoreUnavailableException">It may still be open.</exception>
    Task EndAsync(string id, CancellationToken cancellationToken);
}
