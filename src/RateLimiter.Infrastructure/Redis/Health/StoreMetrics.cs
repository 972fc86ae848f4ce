using System.Diagnostics.Metrics;
using RateLimiter.Application.Telemetry;
using RateLimiter.Infrastructure.Redis.Analytics;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Logs;
using RateLimiter.Infrastructure.Redis.Reservations;

namespace RateLimiter.Infrastructure.Redis.Health;

/// <summary>Metrics of the store and of what waits to be written to it.</summary>
internal sealed class StoreMetrics(
    IMeterFactory meters,
    RedisConnection connection,
    RedisCounterStore counters,
    RedisDecisionLog log,
    RedisAnalytics analytics,
    ReservationQuota reservations
) : ObservedMetrics(meters)
{
    protected override void AddInstruments(Meter meter)
    {
        meter.CreateObservableGauge(
            "ratelimiter.store.circuit.open",
            ObserveCircuits,
            unit: null,
            "Whether the circuit breaker of a shard of the store is open: 1, else 0."
        );
        meter.CreateObservableCounter(
            "ratelimiter.store.circuit.transitions",
            ObserveTransitions,
            "{transition}",
            "How often a circuit breaker of the store opened or closed."
        );
        meter.CreateObservableCounter(
            "ratelimiter.denial_cache.requests",
            counters.Denials.Requests.Observe,
            "{request}",
            "Checks that need the store, by whether a denial that is still valid was cached in memory."
        );
        meter.CreateObservableUpDownCounter(
            "ratelimiter.checks.waiting",
            () => counters.Waiting,
            "{check}",
            "Checks that wait to be sent to the store in a batch."
        );
        meter.CreateObservableUpDownCounter(
            "ratelimiter.log.waiting",
            () => log.Waiting,
            "{decision}",
            "Decisions that wait to be written to the logs."
        );
        meter.CreateObservableCounter(
            "ratelimiter.log.dropped",
            () => log.Dropped,
            "{decision}",
            "Decisions that were dropped from the logs, because the store did not accept them in time."
        );
        meter.CreateObservableUpDownCounter(
            "ratelimiter.analytics.waiting",
            () => analytics.Waiting,
            "{check}",
            "Checks that are counted here and not written yet."
        );
        meter.CreateObservableCounter(
            "ratelimiter.analytics.lost",
            () => analytics.Lost,
            "{check}",
            "Checks that were not written before the service stopped."
        );
        meter.CreateObservableGauge(
            "ratelimiter.reservations.open",
            () => reservations.Open,
            "{reservation}",
            "Open reservations, on any instance, of the clients that use this instance. Instances count the same ones."
        );
        meter.CreateObservableCounter(
            "ratelimiter.reservations.expired",
            () => reservations.Expired,
            "{reservation}",
            "Reservations that expired before they were settled. Each is counted by the instance that noticed first."
        );
        meter.CreateObservableCounter(
            "ratelimiter.process.stalled",
            () => connection.Clock.Stalled.TotalSeconds,
            "s",
            "How long this process was not scheduled, or its thread pool was behind, while it waited for its store."
        );
        meter.CreateObservableGauge(
            "ratelimiter.store.full",
            () => connection.IsFull() ? 1 : 0,
            unit: null,
            "Whether the store is full and stores nothing new: 1, else 0."
        );
        meter.CreateObservableUpDownCounter(
            "ratelimiter.embedded.size",
            () => ObserveEmbedded(size => size.Used),
            "By",
            "Memory used by the data of the embedded store: the pages of its log, and its objects."
        );
        meter.CreateObservableUpDownCounter(
            "ratelimiter.embedded.max_size",
            () => ObserveEmbedded(size => size.Max),
            "By",
            "Memory that the data of the embedded store may use: Embedded:MaxBytes."
        );
    }

    private IEnumerable<Measurement<long>> ObserveEmbedded(
        Func<(long Used, long Max), long> figure
    ) => connection.EmbeddedSize is { } size ? [new(figure(size))] : [];

    private IEnumerable<Measurement<int>> ObserveCircuits() =>
        connection.Map.Shards.Select(shard => new Measurement<int>(
            connection.IsUnavailable(shard) ? 1 : 0,
            new KeyValuePair<string, object?>("part", shard)
        ));

    private IEnumerable<Measurement<long>> ObserveTransitions()
    {
        var (opened, closed) = connection.States.Transitions;
        return
        [
            new(opened, new KeyValuePair<string, object?>("state", "open")),
            new(closed, new KeyValuePair<string, object?>("state", "closed")),
        ];
    }
}
