using RateLimiter.Application.Stores;
using RateLimiter.Domain;

namespace RateLimiter.Application.Clients;

/// <summary>
/// Deletes clients from the store, and records the deletions in progress. Every member throws
/// <see cref="StoreUnavailableException"/>.
/// </summary>
public interface IDeletionRepository
{
    /// <summary>All deletions in progress.</summary>
    Task<IReadOnlyList<ClientDeletion>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Records that a client is to be deleted.</summary>
    /// <returns>False, with nothing changed, when it is already recorded.</returns>
    Task<bool> TryBeginAsync(ClientDeletion deletion, CancellationToken cancellationToken);

    /// <summary>Records the progress of a deletion.</summary>
    /// <param name="before">The last recorded state.</param>
    /// <param name="after">The new state, with a later time; null when the deletion is complete.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>False, with nothing changed, when another instance recorded a state in between.</returns>
    Task<bool> TryNoteAsync(
        ClientDeletion before,
        ClientDeletion? after,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Deletes a client with all its data except its counters, in one step, and publishes an invalidation message. For a client
    /// that is already deleted there is nothing to do. Its audit trail is deleted too, except in PostgreSQL, where an entry
    /// records the deletion of the client.
    /// </summary>
    Task<DeletionSummary> DeleteClientAsync(
        ClientDeletion deletion,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Deletes all counters of a client, and the analytics counts of its checks, in steps so small that no other request waits
    /// noticeably. Permits that are counted meanwhile may remain.
    /// </summary>
    /// <returns>After each step, the number of counters that the step deleted.</returns>
    IAsyncEnumerable<int> DeleteCountersAsync(ClientId client, CancellationToken cancellationToken);
}
