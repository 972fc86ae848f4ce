using System.Diagnostics.Metrics;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.Application.Quotas;

/// <summary>Metrics of the limits on callers of the service itself.</summary>
internal sealed class QuotaMetrics(IMeterFactory meters, AdministrativeRate administration)
    : ObservedMetrics(meters)
{
    protected override void AddInstruments(Meter meter) =>
        meter.CreateObservableCounter(
            "ratelimiter.administrative_calls.refused",
            administration.ObserveRefused,
            "{call}",
            "Administrative calls rejected because a client, or an address, made too many."
        );
}
