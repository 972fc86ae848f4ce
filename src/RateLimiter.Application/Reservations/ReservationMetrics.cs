using System.Diagnostics;
using System.Diagnostics.Metrics;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain.Reservations;

namespace RateLimiter.Application.Reservations;

/// <summary>Counts what becomes of reservations.</summary>
public sealed class ReservationMetrics(IMeterFactory meters) : ObservedMetrics(meters)
{
    private static readonly string[] Outcomes =
    [
        "committed",
        "late",
        "extended",
        "released",
        "conflict",
        "not_found",
    ];

    private readonly StripedCount counts = new(Outcomes.Length);

    /// <summary>Counts a call, whether or not it is a repetition.</summary>
    public void Record(Settled settled) =>
        counts.Add(
            settled switch
            {
                Settled.Committed { Late: false } => 0,
                Settled.Committed => 1,
                Settled.Extended => 2,
                Settled.Returned => 3,
                Settled.Refused => 4,
                Settled.Unknown => 5,
                _ => throw new UnreachableException(),
            }
        );

    protected override void AddInstruments(Meter meter) =>
        meter.CreateObservableCounter(
            "ratelimiter.reservations.settlements",
            Observe,
            "{call}",
            "Commits, extensions and releases of reservations, by their outcome. Those of a batch count one by one."
        );

    private IEnumerable<Measurement<long>> Observe() =>
        Outcomes.Select(
            (outcome, kind) =>
                new Measurement<long>(
                    counts.Read(kind),
                    new KeyValuePair<string, object?>("outcome", outcome)
                )
        );
}
