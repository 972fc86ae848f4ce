using RateLimiter.Application.Stores;

namespace RateLimiter.Application.Sessions;

/// <summary>
/// The keys that encrypt the dashboard's sessions, shared by all instances. Keys are only added, and always so few that reading
/// all of them is cheap.
/// </summary>
public interface ISessionKeys
{
    /// <summary>All keys in the order of their addition, oldest first.</summary>
    /// <exception cref="StoreUnavailableException">The keys cannot be read.</exception>
    Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Adds keys, unless others were added in the meantime.</summary>
    /// <param name="keys">The keys to add.</param>
    /// <param name="known">The number of keys when the caller decided to add these.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>Whether they were added.</returns>
    /// <exception cref="StoreUnavailableException">Whether they were added is unknown.</exception>
    Task<bool> TryAddAsync(
        IReadOnlyList<string> keys,
        int known,
        CancellationToken cancellationToken
    );
}
