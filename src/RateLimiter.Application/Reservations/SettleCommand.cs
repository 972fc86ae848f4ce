using System.Diagnostics;
using MediatR;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Reservations;

namespace RateLimiter.Application.Reservations;

/// <summary>Settles a reservation, or lets it live longer.</summary>
/// <param name="Client">The client that made it.</param>
/// <param name="Id">Its id.</param>
/// <param name="Settlement">What is done.</param>
public sealed record SettleCommand(ClientSnapshot Client, string Id, Settlement Settlement)
    : IRequest<Settled>;

internal sealed class SettleHandler(
    IReservationStore reservations,
    DecisionRecorder recorder,
    ReservationMetrics metrics,
    TimeProvider time
) : IRequestHandler<SettleCommand, Settled>
{
    /// <summary>How long after its end a reservation is still known.</summary>
    private static readonly TimeSpan KnownFor = TimeSpan.FromMinutes(10);

    public async Task<Settled> Handle(SettleCommand command, CancellationToken cancellationToken)
    {
        var settled = await SettleAsync(command, cancellationToken);
        metrics.Record(settled);
        return settled;
    }

    private async Task<Settled> SettleAsync(
        SettleCommand command,
        CancellationToken cancellationToken
    )
    {
        var (client, id, settlement) = command;
        if (VoidReservation.Parse(client.Id, id) is { } nothing)
        {
            return Settle(nothing, settlement);
        }

        var settled = await reservations.SettleAsync(
            client.Id,
            id,
            settlement,
            check =>
                CheckPlanner.PlanRefund(client, check, time, waited: default, PlannedCall.Settle)
                    is { Problem: null, Plan: var plan }
                    ? plan
                    : null,
            cancellationToken
        );
        if (settled.ToLogEntry(id) is { } change)
        {
            recorder.RecordChange(client.Id, change);
        }

        return settled;
    }

    private Settled Settle(VoidReservation nothing, Settlement settlement)
    {
        var now = time.GetUtcNow();
        return nothing.ExpiresAt + KnownFor <= now
            ? new Settled.Unknown()
            : settlement switch
            {
                Settlement.Commit => new Settled.Committed(
                    Charged: 0,
                    Released: 0,
                    Overrun: 0,
                    Late: nothing.ExpiresAt <= now,
                    nothing.Degraded,
                    Remaining: null
                ),
                Settlement.Extend when nothing.ExpiresAt <= now => new Settled.Refused(
                    SettlementConflict.Expired
                ),
                Settlement.Extend extend => new Settled.Extended(now + extend.TimeToLive),
                Settlement.Release => new Settled.Returned(),
                _ => throw new UnreachableException(),
            };
    }
}
