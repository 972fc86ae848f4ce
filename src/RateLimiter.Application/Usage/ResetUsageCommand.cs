using MediatR;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Usage;

/// <summary>Resets a user's usage under the policy that applies to a route and role.</summary>
/// <param name="Client">The client that makes the request.</param>
/// <param name="UserId">The user; <c>*</c> is a user like any other.</param>
/// <param name="RouteKey">The route.</param>
/// <param name="Role">The user's role.</param>
/// <param name="Waited">The time already spent waiting for the store during authentication.</param>
public sealed record ResetUsageCommand(
    ClientSnapshot Client,
    string UserId,
    string RouteKey,
    string Role,
    TimeSpan Waited = default
) : IRequest<bool>;

/// <summary>Returns false when no policy applies.</summary>
internal sealed class ResetUsageHandler(
    ICounterStore counters,
    StoreFallback fallback,
    DecisionRecorder recorder
) : IRequestHandler<ResetUsageCommand, bool>
{
    public async Task<bool> Handle(ResetUsageCommand command, CancellationToken cancellationToken)
    {
        var (client, userId, routeKey, role, waited) = command;
        var check = new Check(userId, routeKey, role, Cost: 0);
        if (CheckPlanner.Plan(client, check, waited) is not { } plan)
        {
            return false;
        }

        var resetAt = await counters.ResetAsync(plan, cancellationToken);
        fallback.Reset(plan);
        recorder.RecordChange(
            client.Id,
            LogEntryKind.Reset,
            check,
            Decision.From(
                plan.Policy,
                [.. plan.Policy.Limits.Select(limit => new LimitStatus(0, limit.Capacity, 0, 0))],
                resetAt
            )
        );
        return true;
    }
}
