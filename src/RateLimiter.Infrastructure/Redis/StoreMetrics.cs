using System.Diagnostics.Metrics;

namespace RateLimiter.Infrastructure.Redis;

/// <summary>What is counted of the store, in the meter <see cref="MeterName"/>.</summary>
internal static class StoreMetrics
{
    internal const string MeterName = "RateLimiter.Store";

    private static readonly Meter Meter = new(MeterName);

    /// <summary>With the tag <c>state</c>: open or closed.</summary>
    public static readonly Counter<long> CircuitTransitions = Meter.CreateCounter<long>(
        "ratelimiter.store.circuit.transitions",
        description: "How often a circuit before the store opened or closed."
    );

    public static readonly Counter<long> DroppedDecisions = Meter.CreateCounter<long>(
        "ratelimiter.log.dropped",
        description: "Decisions that were left out of the log, because the store did not take them in time."
    );
}
