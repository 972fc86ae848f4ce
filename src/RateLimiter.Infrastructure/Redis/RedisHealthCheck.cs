using Microsoft.Extensions.Diagnostics.HealthChecks;
using RateLimiter.Application;

namespace RateLimiter.Infrastructure.Redis;

/// <summary>Healthy when the store answers within the time that a check would wait for it.</summary>
internal sealed class RedisHealthCheck(RedisConnection connection) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context,
        CancellationToken cancellationToken = default
    )
    {
        try
        {
            await connection.AskAsync(
                database => database.PingAsync(),
                connection.CheckTimeout,
                cancellationToken
            );
            return HealthCheckResult.Healthy();
        }
        catch (StoreUnavailableException exception)
        {
            return HealthCheckResult.Unhealthy(exception.Message);
        }
    }
}
