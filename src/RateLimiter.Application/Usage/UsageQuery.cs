using MediatR;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Usage;

/// <summary>
/// Reads the current usage, and whether a check of cost 1 would be allowed. Changes nothing and is not logged.
/// </summary>
/// <param name="Client">The client that makes the request.</param>
/// <param name="Usage">Whose usage is read. Limits of which a subject is not named are left out.</param>
/// <param name="Waited">The time already spent waiting for the store during authentication.</param>
public sealed record UsageQuery(ClientSnapshot Client, UsageKey Usage, TimeSpan Waited = default)
    : IRequest<CheckOutcome<Decision>>;

internal sealed class UsageHandler(ICounterStore counters, TimeProvider time)
    : IRequestHandler<UsageQuery, CheckOutcome<Decision>>
{
    public async Task<CheckOutcome<Decision>> Handle(
        UsageQuery query,
        CancellationToken cancellationToken
    )
    {
        var (client, usage, waited) = query;
        var (plan, problem) = CheckPlanner.PlanLook(client, usage, time, waited);
        if (problem is not null)
        {
            return new CheckOutcome<Decision>(null, Problem: problem);
        }

        // The figures are what is now, also where an override decides.
        var decision = plan.HasCounters
            ? await counters.PeekAsync(plan, cancellationToken)
            : Decision.NotAsked(plan, time.GetUtcNow());
        return new CheckOutcome<Decision>(decision.ByOverride(plan.Cost, time.GetUtcNow()));
    }
}
