using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.Application.Logs;

/// <summary>Metrics of the streams of decisions.</summary>
internal sealed class StreamMetrics(IMeterFactory meters, StreamLoad streams) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var meter = meters.Create(Instrumentation.Name);
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
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
