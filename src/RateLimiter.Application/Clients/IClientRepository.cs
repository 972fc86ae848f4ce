using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Clients;

/// <summary>Stores clients. Every member throws <see cref="StoreUnavailableException"/>.</summary>
public interface IClientRepository
{
    /// <summary>
    /// Saves a new client with its first key, and writes its audit entry in the same step.
    /// </summary>
    Task AddAsync(NewClient client, AuditRecord audit, CancellationToken cancellationToken);

    /// <summary>Everything that a check needs to know about a client; null when there is no such client.</summary>
    /// <param name="client">The client.</param>
    /// <param name="known">The version that the caller already has: a projection must not return an older one.</param>
    /// <param name="loaded">
    /// The client as it was last loaded, so that only later changes need to be loaded; null when there is none, or when
    /// invalidation messages may have been lost since then.
    /// </param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<ClientSnapshot?> FindAsync(
        ClientId client,
        long known,
        ClientSnapshot? loaded,
        CancellationToken cancellationToken
    );

    /// <summary>The version that <see cref="FindAsync"/> would return; null when there is no such client.</summary>
    Task<long?> FindVersionAsync(ClientId client, CancellationToken cancellationToken);
}
