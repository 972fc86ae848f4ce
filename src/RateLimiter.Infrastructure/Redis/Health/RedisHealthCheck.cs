using Microsoft.Extensions.Diagnostics.HealthChecks;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Redis.Health;

/// <summary>
/// Healthy when the store replies within the time that a check would wait for it; degraded when a shard of a cluster
/// does not while others do, or when the store is full.
/// </summary>
internal sealed class RedisHealthCheck(RedisConnection connection, CheckProbe probe) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context,
        CancellationToken cancellationToken = default
    )
    {
        var results = await Task.WhenAll(connection.Map.Shards.Select(FailureOfAsync));
        var failures = results.OfType<string>().ToList();
        return failures.Count == 0
            ? connection.IsFull()
                ? HealthCheckResult.Degraded("The store is full.")
                : HealthCheckResult.Healthy()
            : failures.Count < results.Length
                ? HealthCheckResult.Degraded(failures[0])
                : HealthCheckResult.Unhealthy(failures[0]);
    }

    private async Task<string?> FailureOfAsync(int shard)
    {
        try
        {
            await probe.ProbeAsync(shard);
            return null;
        }
        catch (StoreFullException)
        {
            // The store replied.
            return null;
        }
        catch (StoreUnavailableException exception)
        {
            return exception.Message;
        }
    }
}
