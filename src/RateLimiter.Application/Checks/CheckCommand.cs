using MediatR;
using RateLimiter.Application.Logs;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Checks;

/// <summary>May this user do this now? A permit that is there is taken.</summary>
/// <param name="Client">The client that asks.</param>
/// <param name="UserId">The user it asks about.</param>
/// <param name="RouteKey">What the user wants to do.</param>
/// <param name="Role">The user's role.</param>
/// <param name="Cost">How many permits it takes; 0 only looks.</param>
public sealed record CheckCommand(
    ClientSnapshot Client,
    string UserId,
    string RouteKey,
    string Role,
    long Cost
) : IRequest<Decision?>;

/// <summary>Answers with the decision, or with null when no policy applies.</summary>
internal sealed class CheckHandler(ICounterStore counters, IDecisionLog log, TimeProvider time)
    : IRequestHandler<CheckCommand, Decision?>
{
    public async Task<Decision?> Handle(CheckCommand check, CancellationToken cancellationToken)
    {
        if (check.Client.Policies.Resolve(check.RouteKey, check.Role) is not { } policy)
        {
            return null;
        }

        var decision = policy.Definition.IsActive
            ? await counters.TakeAsync(
                new Subject(check.Client.Id, check.UserId),
                policy,
                check.Cost,
                cancellationToken
            )
            : Decision.Inactive(policy, time.GetUtcNow());

        log.Record(
            check.Client.Id,
            new LoggedDecision(
                decision.DecidedAt,
                check.UserId,
                check.RouteKey,
                check.Role,
                policy.Key.Role,
                decision.Allowed,
                decision.Reason,
                check.Cost,
                decision.Remaining,
                decision.Limit
            )
        );
        return decision;
    }
}
