using System.Diagnostics.Metrics;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.Application.Logs;

/// <summary>Metrics of the streams of decisions.</summary>
internal sealed class StreamMetrics(IMeterFactory meters, StreamLoad streams)
    : ObservedMetrics(meters)
{
    protected override void AddInstruments(Meter meter)
    {
        meter.CreateObservableUpDownCounter(
            "ratelimiter.streams.open",
            () => streams.Streams,
            "{stream}",
            "Open streams of decisions."
        );
        meter.CreateObservableCounter(
            "ratelimiter.streams.left_out",
            () => streams.Dropped,
            "{decision}",
            "Decisions dropped from streams, because a reader was slow or there were too many."
        );
    }
}
