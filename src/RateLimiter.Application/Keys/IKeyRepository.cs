using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Where keys are kept. Every member throws <see cref="StoreUnavailableException"/>.</summary>
public interface IKeyRepository
{
    /// <summary>The client's keys, and their version; null when there is no such client.</summary>
    Task<(long Version, KeyRing Keys)?> FindAsync(
        ClientId client,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Keeps other keys in the place of those that are kept, and notes that in the audit trail in the same step.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="version">The version of the keys that were read.</param>
    /// <param name="before">The keys that were read.</param>
    /// <param name="after">Those to keep.</param>
    /// <param name="audit">What the audit trail is to say.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>
    /// The version that the client has with them; null, with nothing changed, when the keys have another version by now.
    /// </returns>
    Task<long?> TrySaveAsync(
        ClientId client,
        long version,
        KeyRing before,
        KeyRing after,
        AuditRecord audit,
        CancellationToken cancellationToken
    );

    /// <summary>The minute in which each key was used last, in minutes since 1970.</summary>
    Task<IReadOnlyDictionary<KeyHash, long>> FindUsesAsync(
        ClientId client,
        CancellationToken cancellationToken
    );

    /// <summary>Notes when keys were used. What is known to be later stays; a key that is gone stays gone.</summary>
    Task SaveUsesAsync(
        ClientId client,
        IReadOnlyDictionary<KeyHash, long> uses,
        CancellationToken cancellationToken
    );
}
