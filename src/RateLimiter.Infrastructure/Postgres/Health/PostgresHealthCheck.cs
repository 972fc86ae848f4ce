using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Postgres.Database;

namespace RateLimiter.Infrastructure.Postgres.Health;

/// <summary>Degraded when the database does not reply: nothing can be changed then, but checks still work.</summary>
internal sealed class PostgresHealthCheck(PostgresDatabase database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context,
        CancellationToken cancellationToken = default
    )
    {
        try
        {
            await database.AskAsync(
                (records, deadline) =>
                    records.AuditSettings.Select(row => row.Id).SingleAsync(deadline.Token),
                cancellationToken
            );
            return HealthCheckResult.Healthy();
        }
        catch (StoreUnavailableException exception)
        {
            return HealthCheckResult.Degraded(exception.Message);
        }
    }
}
