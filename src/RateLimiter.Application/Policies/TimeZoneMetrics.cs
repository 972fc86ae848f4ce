using System.Diagnostics.Metrics;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>By which rules the periods of calendars begin: instances that differ in them can disagree.</summary>
internal sealed class TimeZoneMetrics(IMeterFactory meters) : ObservedMetrics(meters)
{
    private static readonly Measurement<int> Version = new(
        1,
        KeyValuePair.Create<string, object?>("version", TimeZones.Version)
    );

    protected override void AddInstruments(Meter meter) =>
        meter.CreateObservableGauge(
            "ratelimiter.time_zones",
            () => Version,
            description: "Always 1, with the version of the time-zone database."
        );
}
