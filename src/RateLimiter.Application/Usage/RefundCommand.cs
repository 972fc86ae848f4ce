using MediatR;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Usage;

/// <summary>Gives back permits that were taken for an action that did not happen, at most up to the limit.</summary>
/// <param name="Client">The client that makes the request.</param>
/// <param name="Check">The check that took them.</param>
/// <param name="Waited">The time already spent waiting for the store during authentication.</param>
public sealed record RefundCommand(ClientSnapshot Client, Check Check, TimeSpan Waited = default)
    : IRequest<CheckOutcome<Decision>>;

/// <summary>Returns the state after the refund.</summary>
internal sealed class RefundHandler(
    ICounterStore counters,
    StoreFallback fallback,
    IdempotencyQuota keys,
    DecisionRecorder recorder,
    TimeProvider time
) : IRequestHandler<RefundCommand, CheckOutcome<Decision>>
{
    public async Task<CheckOutcome<Decision>> Handle(
        RefundCommand command,
        CancellationToken cancellationToken
    )
    {
        var (client, check, waited) = command;
        var (plan, problem) = CheckPlanner.PlanRefund(client, check, time, waited);
        problem ??= keys.Acquire(client.Id, plan.Idempotency);
        if (problem is not null)
        {
            return new CheckOutcome<Decision>(null, Problem: problem);
        }

        if (!plan.HasCounters)
        {
            return new CheckOutcome<Decision>(Decision.NotAsked(plan, time.GetUtcNow()));
        }

        var decision = await counters.RefundAsync(plan, cancellationToken);
        if (decision.Kind == DecisionKind.New)
        {
            fallback.Refund(plan);
            recorder.RecordChange(
                client.Id,
                LogEntry.OfChange(LogEntryKind.Refund, check, decision)
            );
        }

        return CheckOutcome.Of(decision);
    }
}
