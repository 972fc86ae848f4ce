using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Redis.Health;

/// <summary>
/// Probes every shard of the store four times a second, so that an outage is detected before the next caller would have
/// to wait for the shard, and the end of an outage as soon as the shard replies.
/// </summary>
internal sealed class StoreMonitor(
    RedisConnection connection,
    CheckProbe probe,
    TimeProvider time,
    ILogger<StoreMonitor> logger
) : RepeatingService("The store monitor", Interval, time, logger)
{
    private static readonly TimeSpan Interval = StoreCircuit.SamplingTime / 4;

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        connection.Map.Follow();
        await Task.WhenAll(connection.Map.Shards.Select(ProbeAsync));
    }

    private async Task ProbeAsync(int shard)
    {
        try
        {
            await probe.ProbeAsync(shard);
        }
        catch (StoreUnavailableException)
        {
            // The shard's circuit has recorded it.
        }
    }
}
