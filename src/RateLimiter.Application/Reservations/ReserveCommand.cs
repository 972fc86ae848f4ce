using MediatR;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Reservations;

namespace RateLimiter.Application.Reservations;

/// <summary>Takes permits until their true cost is known.</summary>
/// <param name="Client">The client that makes the reservation.</param>
/// <param name="Check">What is asked for.</param>
/// <param name="Terms">How it is held.</param>
/// <param name="Waited">The time already spent waiting for the store during authentication.</param>
public sealed record ReserveCommand(
    ClientSnapshot Client,
    Check Check,
    ReservationTerms Terms,
    TimeSpan Waited = default
) : IRequest<CheckOutcome<Reserved>>;

/// <summary>The answer to a reservation.</summary>
/// <param name="Decision">The decision.</param>
/// <param name="Id">The id; null when denied.</param>
/// <param name="ExpiresAt">When it expires; null when denied.</param>
public sealed record Reserved(Decision Decision, string? Id, DateTimeOffset? ExpiresAt);

internal sealed class ReserveHandler(
    IReservationStore reservations,
    StoreFallback fallback,
    CheckQuota quota,
    IdempotencyQuota keys,
    DecisionRecorder recorder,
    TimeProvider time
) : IRequestHandler<ReserveCommand, CheckOutcome<Reserved>>
{
    public async Task<CheckOutcome<Reserved>> Handle(
        ReserveCommand command,
        CancellationToken cancellationToken
    )
    {
        var (client, check, terms, waited) = command;
        if (quota.Acquire(client.Id, checks: 1) is { } wait)
        {
            return new CheckOutcome<Reserved>(null, wait);
        }

        var (plan, problem) = CheckPlanner.Plan(client, check, time, waited, PlannedCall.Reserve);
        problem ??= keys.Acquire(client.Id, plan.Idempotency);
        if (problem is not null)
        {
            return new CheckOutcome<Reserved>(null, Problem: problem);
        }

        var start = time.GetTimestamp();
        plan = plan with { Reservation = new Reservation(check, terms) };
        var decision = plan.IsCounted
            ? await reservations.ReserveAsync(plan, cancellationToken) ?? fallback.Decide(plan)
            : Decision.NotAsked(plan, time.GetUtcNow());
        (_, _, problem) = CheckOutcome.Of(decision);
        if (problem is not null)
        {
            return new CheckOutcome<Reserved>(null, Problem: problem);
        }

        if (decision.Kind == DecisionKind.New)
        {
            recorder.Record(client.Id, check, decision, time.GetElapsedTime(start), terms);
        }

        if (!decision.Allowed)
        {
            return new CheckOutcome<Reserved>(new Reserved(decision, null, null));
        }

        var expiresAt = decision.DecidedAt + terms.TimeToLive;
        var id =
            decision.ReservationId
            ?? new VoidReservation(expiresAt, decision.Degraded).Id(client.Id);
        return new CheckOutcome<Reserved>(new Reserved(decision, id, expiresAt));
    }
}
