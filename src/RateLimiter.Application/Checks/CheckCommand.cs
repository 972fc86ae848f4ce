using MediatR;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Checks;

/// <summary>Decides whether a user may use a route now, and takes the permits if they are available.</summary>
/// <param name="Client">The client that makes the check.</param>
/// <param name="Check">The check.</param>
/// <param name="Waited">The time already spent waiting for the store during authentication.</param>
public sealed record CheckCommand(ClientSnapshot Client, Check Check, TimeSpan Waited = default)
    : IRequest<CheckOutcome<Decision>>;

internal sealed class CheckHandler(
    ICounterStore counters,
    StoreFallback fallback,
    CheckQuota quota,
    IdempotencyQuota keys,
    DecisionRecorder recorder,
    TimeProvider time
) : IRequestHandler<CheckCommand, CheckOutcome<Decision>>
{
    public async Task<CheckOutcome<Decision>> Handle(
        CheckCommand command,
        CancellationToken cancellationToken
    )
    {
        var (client, check, waited) = command;
        if (quota.Acquire(client.Id, checks: 1) is { } wait)
        {
            return new CheckOutcome<Decision>(null, wait);
        }

        var (plan, problem) = CheckPlanner.Plan(client, check, time, waited);
        problem ??= keys.Acquire(client.Id, plan.Idempotency);
        if (problem is not null)
        {
            return new CheckOutcome<Decision>(null, Problem: problem);
        }

        var start = time.GetTimestamp();
        var decision = plan.IsCounted
            ? await counters.AcquireAsync(plan, cancellationToken) ?? fallback.Decide(plan)
            : Decision.NotAsked(plan, time.GetUtcNow());
        if (decision.Kind == DecisionKind.New)
        {
            recorder.Record(client.Id, check, decision, time.GetElapsedTime(start));
        }

        return CheckOutcome.Of(decision);
    }
}
