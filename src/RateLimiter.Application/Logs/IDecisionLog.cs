using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Logs;

/// <summary>The most recent decisions of every client.</summary>
public interface IDecisionLog
{
    /// <summary>The most decisions that are kept for a client.</summary>
    const int Capacity = 1000;

    /// <summary>
    /// Records a decision. Neither blocks nor fails: it is written later; when too many are waiting, it is dropped and the drop
    /// is counted.
    /// </summary>
    void Record(ClientId client, LoggedDecision decision);

    /// <summary>
    /// All decisions that are kept for a client, newest first, including all that this instance recorded before the call.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The log cannot be read.</exception>
    Task<IReadOnlyList<LoggedDecision>> ReadAsync(
        ClientId client,
        CancellationToken cancellationToken
    );
}
