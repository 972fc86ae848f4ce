using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.Application.Quotas;

/// <summary>Metrics of the limits on callers of the service itself.</summary>
internal sealed class QuotaMetrics(IMeterFactory meters, AdministrativeRate administration)
    : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var meter = meters.Create(Instrumentation.Name);
        meter.CreateObservableCounter(
            "ratelimiter.administrative_calls.refused",
            administration.ObserveRefused,
            "{call}",
            "Administrative calls rejected because a client, or an address, made too many."
        );
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
