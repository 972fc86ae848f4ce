using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Quotas;

namespace RateLimiter.Application.Telemetry;

/// <summary>What can be read of the memory of this layer, when somebody asks.</summary>
internal sealed class ApplicationMetrics(
    IMeterFactory meters,
    ClientDirectory directory,
    AdministrativeRate administration,
    StreamLoad streams
) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var meter = meters.Create(Instrumentation.Name);
        meter.CreateObservableCounter(
            "ratelimiter.key_cache.requests",
            directory.KeyRequests.Observe,
            "{request}",
            "API keys that came, by whether they had been let in lately and need not be looked for."
        );
        meter.CreateObservableCounter(
            "ratelimiter.client_cache.requests",
            directory.ClientRequests.Observe,
            "{request}",
            "Clients that were looked for, by whether they were in memory."
        );
        meter.CreateObservableUpDownCounter(
            "ratelimiter.client_cache.clients",
            () => directory.Count,
            "{client}",
            "Clients whose keys and policies are in memory."
        );
        meter.CreateObservableCounter(
            "ratelimiter.administrative_calls.refused",
            administration.ObserveRefused,
            "{call}",
            "Administrative calls that were refused because a client, or an address, made too many."
        );
        meter.CreateObservableUpDownCounter(
            "ratelimiter.client_cache.size",
            () => directory.Bytes,
            "By",
            "What these take up in memory, by estimate."
        );
        meter.CreateObservableUpDownCounter(
            "ratelimiter.streams.open",
            () => streams.Streams,
            "{stream}",
            "Streams of decisions that are open."
        );
        meter.CreateObservableCounter(
            "ratelimiter.streams.left_out",
            () => streams.Dropped,
            "{decision}",
            "Decisions that streams left out, because their readers were slow or they were too many."
        );
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
