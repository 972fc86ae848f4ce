using MediatR;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Checks;

/// <summary>A batch of checks, each decided independently, in their order.</summary>
/// <param name="Client">The client that makes the checks.</param>
/// <param name="Checks">The checks.</param>
/// <param name="Waited">The time already spent waiting for the store during authentication.</param>
public sealed record CheckEachCommand(
    ClientSnapshot Client,
    IReadOnlyList<Check> Checks,
    TimeSpan Waited = default
) : IRequest<CheckOutcome<IReadOnlyList<CheckEachOutcome>>>;

internal sealed class CheckEachHandler(
    ICounterStore counters,
    StoreFallback fallback,
    CheckQuota quota,
    IdempotencyQuota keys,
    DecisionRecorder recorder,
    TimeProvider time
) : IRequestHandler<CheckEachCommand, CheckOutcome<IReadOnlyList<CheckEachOutcome>>>
{
    public async Task<CheckOutcome<IReadOnlyList<CheckEachOutcome>>> Handle(
        CheckEachCommand command,
        CancellationToken cancellationToken
    )
    {
        var (client, checks, waited) = command;
        if (quota.Acquire(client.Id, checks.Count) is { } wait)
        {
            return new CheckOutcome<IReadOnlyList<CheckEachOutcome>>(null, wait);
        }

        var start = time.GetTimestamp();
        var outcomes = new CheckEachOutcome[checks.Count];
        var plans = new List<CheckPlan>(checks.Count);
        var asked = new List<int>(checks.Count);
        for (var i = 0; i < checks.Count; i++)
        {
            var (plan, problem) = CheckPlanner.Plan(client, checks[i], time, waited);
            if (problem is not null)
            {
                outcomes[i] = new CheckEachOutcome(null, problem);
            }
            else if (keys.Acquire(client.Id, plan.Idempotency) is { } tooMany)
            {
                outcomes[i] = new CheckEachOutcome(null, tooMany);
            }
            else if (plan.IsCounted)
            {
                plans.Add(plan);
                asked.Add(i);
            }
            else
            {
                outcomes[i] = new CheckEachOutcome(
                    Decision.NotAsked(plan, time.GetUtcNow()),
                    Problem: null
                );
            }
        }

        var counted = await counters.AcquireEachAsync(plans, cancellationToken);
        for (var i = 0; i < asked.Count; i++)
        {
            var (decision, _, problem) = CheckOutcome.Of(counted[i] ?? fallback.Decide(plans[i]));
            outcomes[asked[i]] = new CheckEachOutcome(decision, problem);
        }

        // Each check waited for the whole batch.
        var took = time.GetElapsedTime(start);
        for (var i = 0; i < outcomes.Length; i++)
        {
            if (outcomes[i].Decision is { Kind: DecisionKind.New } decision)
            {
                recorder.Record(client.Id, checks[i], decision, took);
            }
        }

        return new CheckOutcome<IReadOnlyList<CheckEachOutcome>>(outcomes);
    }
}
