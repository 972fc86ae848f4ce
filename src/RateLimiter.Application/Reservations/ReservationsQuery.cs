using MediatR;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Reservations;

namespace RateLimiter.Application.Reservations;

/// <summary>The open reservations of subjects, the first to expire first.</summary>
/// <param name="Client">The client.</param>
/// <param name="Usage">The subjects.</param>
/// <param name="Waited">The time already spent waiting for the store during authentication.</param>
public sealed record ReservationsQuery(
    ClientSnapshot Client,
    UsageKey Usage,
    TimeSpan Waited = default
) : IRequest<CheckOutcome<IReadOnlyList<OpenReservation>>>;

internal sealed class ReservationsHandler(IReservationStore reservations, TimeProvider time)
    : IRequestHandler<ReservationsQuery, CheckOutcome<IReadOnlyList<OpenReservation>>>
{
    /// <summary>The most that are listed.</summary>
    private const int Limit = 1000;

    public async Task<CheckOutcome<IReadOnlyList<OpenReservation>>> Handle(
        ReservationsQuery query,
        CancellationToken cancellationToken
    )
    {
        var (plan, problem) = CheckPlanner.PlanLook(query.Client, query.Usage, time, query.Waited);
        return problem is not null
                ? new CheckOutcome<IReadOnlyList<OpenReservation>>(null, Problem: problem)
            : plan.Count == 0 ? new CheckOutcome<IReadOnlyList<OpenReservation>>([])
            : new CheckOutcome<IReadOnlyList<OpenReservation>>(
                await reservations.ListAsync(plan, Limit, cancellationToken)
            );
    }
}
