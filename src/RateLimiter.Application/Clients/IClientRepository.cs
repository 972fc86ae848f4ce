using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Clients;

/// <summary>Where clients are kept. Every member throws <see cref="StoreUnavailableException"/>.</summary>
public interface IClientRepository
{
    /// <summary>
    /// Keeps a new client with its first key, and notes that in its audit trail in the same step.
    /// </summary>
    Task AddAsync(NewClient client, AuditRecord audit, CancellationToken cancellationToken);

    /// <summary>Everything a check needs to know of a client; null when there is no such client.</summary>
    /// <param name="client">The client.</param>
    /// <param name="known">The version that is known already: what only copies a client must not give an older one.</param>
    /// <param name="loaded">
    /// What it was when it was loaded last, so that only what has changed since need be loaded; null for nothing, or when
    /// changes since then may not have been heard.
    /// </param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<ClientSnapshot?> FindAsync(
        ClientId client,
        long known,
        ClientSnapshot? loaded,
        CancellationToken cancellationToken
    );

    /// <summary>The version that <see cref="FindAsync"/> would give; null when there is no such client.</summary>
    Task<long?> FindVersionAsync(ClientId client, CancellationToken cancellationToken);
}
