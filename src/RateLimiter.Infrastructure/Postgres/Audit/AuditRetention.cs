using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Background;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Postgres.Schema;

namespace RateLimiter.Infrastructure.Postgres.Audit;

/// <summary>
/// Deletes entries of the audit trail that are older than the retention time. The service itself may not delete any; a
/// function of the database does, and the database knows the retention time (<see cref="PostgresSchema"/>).
/// </summary>
internal sealed class AuditRetention(
    PostgresDatabase database,
    IOptions<AuditOptions> options,
    TimeProvider time,
    ILogger<AuditRetention> logger
) : RepeatingService("The deletion of old entries of the audit trail", Interval, time, logger)
{
    internal static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private static readonly TimeSpan FirstInterval = TimeSpan.FromMinutes(1);

    // Only one of several instances prunes at a time. The number is arbitrary.
    private const long PruningLock = 7_260_141_306;

    private bool isFirst = true;

    /// <summary>Deletes expired entries in short steps.</summary>
    /// <returns>The number of deleted entries; 0 when another instance is pruning.</returns>
    /// <exception cref="StoreUnavailableException">The database did not reply.</exception>
    internal async Task<long> PruneAsync(CancellationToken cancellationToken)
    {
        var (all, deleted) = (0L, 0L);
        do
        {
            deleted = await database.AskAsync(
                async (context, deadline) =>
                {
                    await using var transaction = await database.BeginAsync(context, deadline);
                    var counts = await context
                        .Database.SqlQuery<long>(
                            $"""
                            SELECT CASE WHEN pg_try_advisory_xact_lock({PruningLock})
                                THEN ratelimiter.prune_audit() ELSE 0 END AS "Value"
                            """
                        )
                        .ToListAsync(deadline.Token);
                    await transaction.CommitAsync(deadline.Token);
                    return counts.Single();
                },
                cancellationToken
            );
            all += deleted;
        } while (deleted > 0);

        return all;
    }

    // The first run is soon after the start, the next ones at long intervals.
    protected override async ValueTask<bool> WaitAsync(CancellationToken stoppingToken)
    {
        await Task.Delay(isFirst ? FirstInterval : Interval, Time, stoppingToken);
        isFirst = false;
        return true;
    }

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        if (await PruneAsync(stoppingToken) is > 0 and var count)
        {
            Logger.AuditPruned(count, options.Value.RetentionDays);
        }
    }
}
