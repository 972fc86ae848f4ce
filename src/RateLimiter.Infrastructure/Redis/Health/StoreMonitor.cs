using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Redis.Health;

/// <summary>
/// Asks every part of the store four times a second, so that it is known to be away before the next caller would have to
/// wait for it, and known to be back as soon as it answers.
/// </summary>
internal sealed class StoreMonitor(
    RedisConnection connection,
    RedisCounterStore counters,
    TimeProvider time,
    ILogger<StoreMonitor> logger
) : RepeatingService("The watch over the store", Interval, time, logger)
{
    private static readonly TimeSpan Interval = StoreCircuit.SamplingTime / 4;

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        connection.FollowCluster();
        await Task.WhenAll(connection.Parts.Select(ProbeAsync));
    }

    private async Task ProbeAsync(int part)
    {
        try
        {
            await counters.ProbeAsync(part);
        }
        catch (StoreUnavailableException)
        {
            // Its circuit has noted it.
        }
    }
}
