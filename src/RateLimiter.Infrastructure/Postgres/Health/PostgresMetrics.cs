using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using RateLimiter.Application.Telemetry;
using RateLimiter.Infrastructure.Postgres.Database;

namespace RateLimiter.Infrastructure.Postgres.Health;

/// <summary>Metrics of PostgreSQL.</summary>
internal sealed class PostgresMetrics(IMeterFactory meters, PostgresDatabase database)
    : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var meter = meters.Create(Instrumentation.Name);
        meter.CreateObservableCounter(
            "ratelimiter.postgres.failures",
            () => database.Failures,
            "{failure}",
            "Queries that PostgreSQL did not answer, or answered with an error."
        );
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
