using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Logs;

/// <summary>The logs of all clients as they grow, by entries of all instances.</summary>
public interface IDecisionFeed
{
    /// <summary>Called with a client for which this instance has written entries. Handlers must be fast.</summary>
    event Action<ClientId>? Written;

    /// <summary>Waits until all entries of a client that this instance recorded are written.</summary>
    /// <exception cref="StoreUnavailableException">They could not be written.</exception>
    Task FlushAsync(ClientId client, CancellationToken cancellationToken);

    /// <summary>Reads the entries of a log after a given one, as far as they are kept.</summary>
    /// <param name="client">The client.</param>
    /// <param name="log">Which of its logs.</param>
    /// <param name="after">The id of the entry; null to read only the position of the log, without entries.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="StoreUnavailableException">The log cannot be read.</exception>
    Task<LogSegment> ReadAsync(
        ClientId client,
        ClientLog log,
        long? after,
        CancellationToken cancellationToken
    );
}

/// <summary>The end of a log, with the position of the whole log at the same moment.</summary>
/// <param name="Start">The id before the first entry that the log ever had. Ids of an earlier log are lower.</param>
/// <param name="Cut">The id before the first entry that it still has.</param>
/// <param name="Length">The number of entries that it has.</param>
/// <param name="Entries">
/// The requested entries, from the end of the log, oldest first; null for one that this version cannot read.
/// </param>
public sealed record LogSegment(long Start, long Cut, int Length, IReadOnlyList<LogEntry?> Entries)
{
    /// <summary>The id of the last entry.</summary>
    public long End => Cut + Length;
}
