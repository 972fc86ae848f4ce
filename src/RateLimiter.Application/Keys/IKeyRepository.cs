using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Application.Keys;

/// <summary>Stores keys. Every member throws <see cref="StoreUnavailableException"/>.</summary>
public interface IKeyRepository
{
    /// <summary>The client's keys, and their version; null when there is no such client.</summary>
    Task<(long Version, KeyRing Keys)?> FindAsync(
        ClientId client,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Replaces the stored keys, and writes the audit entry in the same step.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="version">The version of the keys that were read.</param>
    /// <param name="before">The keys that were read.</param>
    /// <param name="after">The keys to store.</param>
    /// <param name="audit">The audit entry.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>
    /// The new version of the client; null, with nothing changed, when the keys have another version by now.
    /// </returns>
    Task<long?> TrySaveAsync(
        ClientId client,
        long version,
        KeyRing before,
        KeyRing after,
        AuditRecord audit,
        CancellationToken cancellationToken
    );

    /// <summary>The minute of the last use of each key, in minutes since 1970.</summary>
    Task<IReadOnlyDictionary<KeyHash, long>> FindUsesAsync(
        ClientId client,
        CancellationToken cancellationToken
    );

    /// <summary>Records when keys were used. A later recorded time is kept; a deleted key stays deleted.</summary>
    Task SaveUsesAsync(
        ClientId client,
        IReadOnlyDictionary<KeyHash, long> uses,
        CancellationToken cancellationToken
    );
}
