using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Clients;

/// <summary>
/// Tells which clients' keys or policies changed, on whichever instance. Whoever changes one in the store announces it
/// there in the same step.
/// </summary>
public interface IClientChanges
{
    /// <summary>Called with the client that changed.</summary>
    event Action<ClientId> Changed;

    /// <summary>
    /// Called with a client and keys that are good for nothing any more, so that they are kept out although the store cannot
    /// be asked. <see cref="Changed"/> is called too.
    /// </summary>
    event Action<ClientId, IReadOnlyCollection<KeyHash>> KeysRevoked;

    /// <summary>Called when changes may have been missed, from then on none.</summary>
    event Action MessagesLost;

    /// <summary>
    /// Called when this process stood still for longer than <see cref="ClientDirectory.MaxAge"/>, before anything is used that
    /// was known before.
    /// </summary>
    event Action Woken;

    /// <summary>Whether every change arrives, within <see cref="ClientDirectory.MaxAge"/>.</summary>
    bool IsSubscribed { get; }
}
