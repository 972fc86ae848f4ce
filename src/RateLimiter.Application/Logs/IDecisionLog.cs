using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Logs;

/// <summary>The last decisions of every client.</summary>
public interface IDecisionLog
{
    /// <summary>The most decisions that are kept for a client.</summary>
    const int Capacity = 1000;

    /// <summary>
    /// Notes a decision. Neither waits nor fails: it is written later, and dropped and counted when too many wait.
    /// </summary>
    void Record(ClientId client, LoggedDecision decision);

    /// <summary>
    /// All that is kept for a client, newest first, with everything recorded on this instance before the call.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The log cannot be read.</exception>
    Task<IReadOnlyList<LoggedDecision>> ReadAsync(
        ClientId client,
        CancellationToken cancellationToken
    );
}
