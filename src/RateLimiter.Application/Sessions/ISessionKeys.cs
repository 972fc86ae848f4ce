using RateLimiter.Application.Stores;

namespace RateLimiter.Application.Sessions;

/// <summary>
/// What the sessions of the dashboard are encrypted with, shared by all instances. Only ever added to, and never so many
/// that reading all of them matters.
/// </summary>
public interface ISessionKeys
{
    /// <summary>All keys as they were added, oldest first.</summary>
    /// <exception cref="StoreUnavailableException">They cannot be read.</exception>
    Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Adds keys, unless others were added meanwhile.</summary>
    /// <param name="keys">What to add.</param>
    /// <param name="known">How many there were when it was decided to add these.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Whether they were added.</returns>
    /// <exception cref="StoreUnavailableException">Whether they were added is unknown.</exception>
    Task<bool> TryAddAsync(
        IReadOnlyList<string> keys,
        int known,
        CancellationToken cancellationToken
    );
}
