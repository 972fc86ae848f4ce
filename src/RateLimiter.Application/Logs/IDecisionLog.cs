using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Logs;

/// <summary>The most recent decisions of every client, and the most recent changes of its counters.</summary>
public interface IDecisionLog
{
    /// <summary>The most entries that each log of a client keeps.</summary>
    const int Capacity = 1000;

    /// <summary>
    /// Records an entry in its log. Neither blocks nor fails: it is written later; when too many are waiting, it is dropped
    /// and the drop is counted.
    /// </summary>
    void Record(ClientId client, LogEntry entry);

    /// <summary>
    /// All entries that a log of a client keeps, newest first, including all that this instance recorded before the call.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The log cannot be read.</exception>
    Task<IReadOnlyList<LogEntry>> ReadAsync(
        ClientId client,
        ClientLog log,
        CancellationToken cancellationToken
    );
}
