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
    : IRequest<Decision?>;

/// <summary>Returns the state after the refund, or null when no policy applies.</summary>
internal sealed class RefundHandler(
    ICounterStore counters,
    StoreFallback fallback,
    DecisionRecorder recorder,
    TimeProvider time
) : IRequestHandler<RefundCommand, Decision?>
{
    public async Task<Decision?> Handle(RefundCommand command, CancellationToken cancellationToken)
    {
        var (client, check, waited) = command;
        if (CheckPlanner.Plan(client, check, waited) is not { } plan)
        {
            return null;
        }

        if (!plan.IsCounted)
        {
            return Decision.Inactive(plan.Policy, time.GetUtcNow());
        }

        var decision = await counters.RefundAsync(plan, cancellationToken);
        fallback.Refund(plan);
        recorder.RecordChange(client.Id, LogEntryKind.Refund, check, decision);
        return decision;
    }
}
