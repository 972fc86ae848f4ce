using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Clients;

/// <summary>
/// Reports changes of clients' keys and policies on all instances (cache invalidation). A write to the store publishes its
/// invalidation message in the same step.
/// </summary>
public interface IClientChanges
{
    /// <summary>Called with the client that changed.</summary>
    event Action<ClientId> Changed;

    /// <summary>
    /// Called with a client and its revoked keys, so that they are rejected even while the store does not answer.
    /// <see cref="Changed"/> is called too.
    /// </summary>
    event Action<ClientId, IReadOnlyCollection<KeyHash>> KeysRevoked;

    /// <summary>Called when messages may have been lost; later ones arrive again.</summary>
    event Action MessagesLost;

    /// <summary>
    /// Called when this process was suspended for longer than <see cref="ClientDirectory.MaxAge"/>, before any older data is
    /// used.
    /// </summary>
    event Action Woken;

    /// <summary>
    /// Whether the subscription is healthy: every change arrives within <see cref="ClientDirectory.MaxAge"/>.
    /// </summary>
    bool IsSubscribed { get; }
}
