using RateLimiter.Application.Stores;

namespace RateLimiter.Application.Sessions;

/// <summary>
/// The open sessions of the dashboard, shared by all instances: a cookie whose session has ended is useless, including every
/// copy of it.
/// </summary>
public interface ISessions
{
    /// <summary>Opens a session.</summary>
    /// <param name="id">The id of the session, which must be unguessable.</param>
    /// <param name="lifetime">The time after which it ends in any case.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="StoreUnavailableException">The session may not be open.</exception>
    Task OpenAsync(string id, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <exception cref="StoreUnavailableException">Whether it is open is unknown.</exception>
    Task<bool> IsOpenAsync(string id, CancellationToken cancellationToken);

    /// <exception cref="StoreUnavailableException">The session may still be open.</exception>
    Task EndAsync(string id, CancellationToken cancellationToken);
}
