using MediatR;
using RateLimiter.Application.Logs;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Simulation;

/// <summary>
/// How the kept decisions of a client would have been made if a policy had been there. It changes nothing.
/// </summary>
/// <param name="Client">The client.</param>
/// <param name="Proposed">The policy, as if it were saved.</param>
/// <param name="From">Only decisions from this time on are counted; null for all that are kept.</param>
/// <param name="To">Only decisions before this time are counted; null for all.</param>
public sealed record SimulatePolicyQuery(
    ClientSnapshot Client,
    PolicyDefinition Proposed,
    DateTimeOffset? From = null,
    DateTimeOffset? To = null
) : IRequest<PolicySimulation>;

/// <summary>Decisions by their verdict.</summary>
/// <param name="Allowed">Those that were allowed.</param>
/// <param name="Denied">Those that were denied.</param>
public readonly record struct Verdicts(long Allowed, long Denied)
{
    /// <summary>With one more.</summary>
    internal Verdicts With(bool allowed) =>
        allowed ? this with { Allowed = Allowed + 1 } : this with { Denied = Denied + 1 };
}

/// <summary>What was decided, and what the proposed policy would have decided.</summary>
/// <param name="Current">What was decided.</param>
/// <param name="Proposed">What the proposed policy would have decided.</param>
/// <param name="NewlyDenied">The decisions that were allowed, and would have been denied.</param>
/// <param name="NewlyAllowed">The decisions that were denied, and would have been allowed.</param>
/// <param name="Top">The users who would newly have been denied most, in descending order.</param>
/// <param name="Buckets">The same verdicts by time, oldest first, without a gap.</param>
/// <param name="CoveredFrom">The first moment from which everything is kept.</param>
public sealed record PolicySimulation(
    Verdicts Current,
    Verdicts Proposed,
    long NewlyDenied,
    long NewlyAllowed,
    IReadOnlyList<UserSimulation> Top,
    IReadOnlyList<SimulatedBucket> Buckets,
    DateTimeOffset CoveredFrom
)
{
    /// <summary>The decisions that the proposed policy would have made.</summary>
    public long Checks => Current.Allowed + Current.Denied;
}

/// <param name="UserId">The user.</param>
/// <param name="NewlyDenied">The user's decisions that were allowed, and would have been denied.</param>
/// <param name="Checks">All decisions about the user.</param>
public sealed record UserSimulation(string UserId, long NewlyDenied, long Checks);

/// <param name="From">When the bucket begins; it ends where the next begins.</param>
/// <param name="Current">What was decided.</param>
/// <param name="Proposed">What the proposed policy would have decided.</param>
public sealed record SimulatedBucket(DateTimeOffset From, Verdicts Current, Verdicts Proposed);

internal sealed class SimulatePolicyHandler(IDecisionLog log, TimeProvider time)
    : IRequestHandler<SimulatePolicyQuery, PolicySimulation>
{
    public async Task<PolicySimulation> Handle(
        SimulatePolicyQuery query,
        CancellationToken cancellationToken
    )
    {
        var (client, proposed, from, to) = query;
        var logs = await Task.WhenAll(
            Enum.GetValues<ClientLog>()
                .Select(it => log.ReadAllAsync(client.Id, it, cancellationToken))
        );
        var entries = logs.SelectMany(it => it.Entries)
            .Where(entry => to is null || entry.DecidedAt < to)
            // Several instances write one log, and two logs have only their times in common. The order of equal times stays.
            .OrderBy(entry => entry.DecidedAt)
            .ToList();
        var replay = new PolicyReplay(client, proposed, entries, time);
        var tally = new SimulationTally();
        foreach (var entry in entries)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // Earlier decisions are not counted, but their permits may still be in use.
            if (replay.Apply(entry) is { } allowed && (from is null || entry.DecidedAt >= from))
            {
                tally.Add(entry, allowed);
            }
        }

        return tally.ToSimulation(logs.Max(it => it.Since));
    }
}
