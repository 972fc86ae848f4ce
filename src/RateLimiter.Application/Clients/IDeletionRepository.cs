using RateLimiter.Application.Stores;
using RateLimiter.Domain;

namespace RateLimiter.Application.Clients;

/// <summary>
/// Where clients are deleted from, and where it is noted which are about to be. Every member throws
/// <see cref="StoreUnavailableException"/>.
/// </summary>
public interface IDeletionRepository
{
    /// <summary>All deletions that are under way.</summary>
    Task<IReadOnlyList<ClientDeletion>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Notes that a client is to be deleted.</summary>
    /// <returns>False, with nothing changed, when that is noted already.</returns>
    Task<bool> TryBeginAsync(ClientDeletion deletion, CancellationToken cancellationToken);

    /// <summary>Notes how far a deletion has come.</summary>
    /// <param name="before">What was noted last.</param>
    /// <param name="after">What comes in its place, noted later; null when the deletion is complete.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>False, with nothing changed, when somebody else has noted something in between.</returns>
    Task<bool> TryNoteAsync(
        ClientDeletion before,
        ClientDeletion? after,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Deletes a client with all that is kept of it but its counters, in one step, and announces that. Of a client that is
    /// gone already nothing is left to delete. Its audit trail goes too, but for PostgreSQL, where it is noted that the client
    /// was deleted.
    /// </summary>
    Task<DeletionSummary> DeleteClientAsync(
        ClientDeletion deletion,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Deletes all counters of a client, and the counts of its checks, in steps so small that nobody else waits for one noticeably. What is counted
    /// meanwhile may stay.
    /// </summary>
    /// <returns>After each step, how many counters it has deleted.</returns>
    IAsyncEnumerable<int> DeleteCountersAsync(ClientId client, CancellationToken cancellationToken);
}
