using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Logs;

/// <summary>The most recent decisions of every client, and the most recent changes of its counters.</summary>
public interface IDecisionLog
{
    /// <summary>
    /// Records an entry in its log. Neither blocks nor fails: it is written later; when too many are waiting, it is dropped
    /// and the drop is counted.
    /// </summary>
    void Record(ClientId client, LogEntry entry);

    /// <summary>
    /// The entries that a log of a client keeps, newest first, including all that this instance recorded before the call. They are
    /// read in parts, as far as they are enumerated.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The log cannot be read.</exception>
    IAsyncEnumerable<LogEntry> ReadAsync(
        ClientId client,
        ClientLog log,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// All entries that a log of a client keeps, including all that this instance recorded before the call.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The log cannot be read.</exception>
    Task<KeptEntries> ReadAllAsync(
        ClientId client,
        ClientLog log,
        CancellationToken cancellationToken
    );
}

/// <summary>All entries that a log keeps.</summary>
/// <param name="Entries">The entries, oldest first.</param>
/// <param name="Since">The first moment from which everything is kept.</param>
public sealed record KeptEntries(IReadOnlyList<LogEntry> Entries, DateTimeOffset Since);
