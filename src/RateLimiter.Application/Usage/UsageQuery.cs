using MediatR;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Usage;

/// <summary>
/// Reads the current usage, and whether a check of cost 1 would be allowed. Changes nothing and is not logged.
/// </summary>
/// <param name="Client">The client that makes the request.</param>
/// <param name="UserId">The user whose usage is read.</param>
/// <param name="RouteKey">The route.</param>
/// <param name="Role">The user's role.</param>
/// <param name="Waited">The time already spent waiting for the store during authentication.</param>
public sealed record UsageQuery(
    ClientSnapshot Client,
    string UserId,
    string RouteKey,
    string Role,
    TimeSpan Waited = default
) : IRequest<Decision?>;

/// <summary>Returns the decision, or null when no policy applies.</summary>
internal sealed class UsageHandler(ICounterStore counters, TimeProvider time)
    : IRequestHandler<UsageQuery, Decision?>
{
    public async Task<Decision?> Handle(UsageQuery query, CancellationToken cancellationToken)
    {
        var (client, userId, routeKey, role, waited) = query;
        var check = new Check(userId, routeKey, role, Cost: 1);
        if (CheckPlanner.Plan(client, check, waited) is not { } plan)
        {
            return null;
        }

        return plan.IsCounted
            ? await counters.PeekAsync(plan, cancellationToken)
            : Decision.Inactive(plan.Policy, time.GetUtcNow());
    }
}
