using MediatR;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Reservations;
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
    : IRequest<CheckOutcome<UsageLook>>;

/// <summary>The usage of a policy's limits.</summary>
/// <param name="Decision">The usage, and the decision on a check of cost 1.</param>
/// <param name="Held">What open reservations hold of the permits in use, for each limit of the decision.</param>
public sealed record UsageLook(Decision Decision, IReadOnlyList<long> Held);

internal sealed class UsageHandler(
    ICounterStore counters,
    IReservationStore reservations,
    TimeProvider time
) : IRequestHandler<UsageQuery, CheckOutcome<UsageLook>>
{
    public async Task<CheckOutcome<UsageLook>> Handle(
        UsageQuery query,
        CancellationToken cancellationToken
    )
    {
        var (client, usage, waited) = query;
        var (plan, problem) = CheckPlanner.PlanLook(client, usage, time, waited);
        if (problem is not null)
        {
            return new CheckOutcome<UsageLook>(null, Problem: problem);
        }

        // The figures are what is now, also where an override decides.
        var look = plan.HasCounters
            ? await LookAsync(plan, cancellationToken)
            : new UsageLook(Decision.NotAsked(plan, time.GetUtcNow()), new long[plan.Count]);
        return new CheckOutcome<UsageLook>(
            look with
            {
                Decision = look.Decision.ByOverride(plan.Cost, time.GetUtcNow()),
            }
        );
    }

    private async Task<UsageLook> LookAsync(CheckPlan plan, CancellationToken cancellationToken)
    {
        var decision = await counters.PeekAsync(plan, cancellationToken);
        var held = await reservations.HeldAsync(plan, cancellationToken);
        return new UsageLook(
            decision,
            // A hold in a window that has ended counts no more.
            [.. decision.Statuses.Zip(held, (status, of) => Math.Min(status.Used, of))]
        );
    }
}
