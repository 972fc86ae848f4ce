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
) : IRequest<CheckOutcome<IReadOnlyList<Decision?>>>;

/// <summary>Returns the decision of each check, and null where no policy applies.</summary>
internal sealed class CheckEachHandler(
    ICounterStore counters,
    StoreFallback fallback,
    CheckQuota quota,
    DecisionRecorder recorder,
    TimeProvider time
) : IRequestHandler<CheckEachCommand, CheckOutcome<IReadOnlyList<Decision?>>>
{
    public async Task<CheckOutcome<IReadOnlyList<Decision?>>> Handle(
        CheckEachCommand command,
        CancellationToken cancellationToken
    )
    {
        var (client, checks, waited) = command;
        if (quota.Acquire(client.Id, checks.Count) is { } wait)
        {
            return new CheckOutcome<IReadOnlyList<Decision?>>(null, wait);
        }

        var start = time.GetTimestamp();
        var decided = new Decision?[checks.Count];
        var plans = new List<CheckPlan>(checks.Count);
        var asked = new List<int>(checks.Count);
        for (var i = 0; i < checks.Count; i++)
        {
            if (CheckPlanner.Plan(client, checks[i], waited) is not { } plan)
            {
                continue;
            }

            if (plan.IsCounted)
            {
                plans.Add(plan);
                asked.Add(i);
            }
            else
            {
                decided[i] = Decision.Inactive(plan.Policy, time.GetUtcNow());
            }
        }

        var counted = await counters.AcquireEachAsync(plans, cancellationToken);
        for (var i = 0; i < asked.Count; i++)
        {
            decided[asked[i]] = counted[i] ?? fallback.Decide(plans[i]);
        }

        // Each check waited for the whole batch.
        var took = time.GetElapsedTime(start);
        for (var i = 0; i < decided.Length; i++)
        {
            if (decided[i] is { } decision)
            {
                recorder.Record(client.Id, checks[i], decision, took);
            }
        }

        return new CheckOutcome<IReadOnlyList<Decision?>>(decided);
    }
}
