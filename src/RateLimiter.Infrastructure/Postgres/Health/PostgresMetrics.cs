using System.Diagnostics.Metrics;
using RateLimiter.Application.Telemetry;
using RateLimiter.Infrastructure.Postgres.Database;

namespace RateLimiter.Infrastructure.Postgres.Health;

/// <summary>Metrics of PostgreSQL.</summary>
internal sealed class PostgresMetrics(IMeterFactory meters, PostgresDatabase database)
    : ObservedMetrics(meters)
{
    protected override void AddInstruments(Meter meter) =>
        meter.CreateObservableCounter(
            "ratelimiter.postgres.failures",
            () => database.Failures,
            "{failure}",
            "Queries that PostgreSQL did not answer, or answered with an error."
        );
}
