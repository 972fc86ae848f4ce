using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Logs;

/// <summary>The logs of all clients as they grow, whichever instance they grow by.</summary>
public interface IDecisionFeed
{
    /// <summary>Called with a client of whom this instance has written decisions. Handlers must not take time.</summary>
    event Action<ClientId>? Written;

    /// <summary>Waits until everything recorded on this instance for a client is written.</summary>
    /// <exception cref="StoreUnavailableException">It could not be.</exception>
    Task FlushAsync(ClientId client, CancellationToken cancellationToken);

    /// <summary>Reads what came into a log after a decision, as far as it is kept.</summary>
    /// <param name="client">Whose log.</param>
    /// <param name="after">The decision's id; null to read where the log stands and no decisions.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="StoreUnavailableException">The log cannot be read.</exception>
    Task<LogPart> ReadAsync(ClientId client, long? after, CancellationToken cancellationToken);
}

/// <summary>The end of a log, and where all of it stands at the same moment.</summary>
/// <param name="Start">The id before the first decision it ever had. Those of an earlier log are lower.</param>
/// <param name="Cut">The id before the first decision it still has.</param>
/// <param name="Length">How many it has.</param>
/// <param name="Decisions">The last of them that were asked for, oldest first.</param>
public sealed record LogPart(
    long Start,
    long Cut,
    int Length,
    IReadOnlyList<LoggedDecision> Decisions
)
{
    /// <summary>The id of the last one.</summary>
    public long End => Cut + Length;
}
