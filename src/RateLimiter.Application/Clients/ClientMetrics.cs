using System.Diagnostics.Metrics;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.Application.Clients;

/// <summary>Metrics of the client directory.</summary>
internal sealed class ClientMetrics(IMeterFactory meters, ClientDirectory directory)
    : ObservedMetrics(meters)
{
    protected override void AddInstruments(Meter meter)
    {
        meter.CreateObservableCounter(
            "ratelimiter.key_cache.requests",
            directory.KeyRequests.Observe,
            "{request}",
            "API keys in requests, by whether the key was in memory as recently accepted."
        );
        meter.CreateObservableCounter(
            "ratelimiter.client_cache.requests",
            directory.ClientRequests.Observe,
            "{request}",
            "Lookups of clients, by whether the client was in memory."
        );
        meter.CreateObservableUpDownCounter(
            "ratelimiter.client_cache.clients",
            () => directory.Count,
            "{client}",
            "Clients whose keys and policies are in memory."
        );
        meter.CreateObservableUpDownCounter(
            "ratelimiter.client_cache.size",
            () => directory.Bytes,
            "By",
            "Estimated memory of the clients in memory."
        );
    }
}
