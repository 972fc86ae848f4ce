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
/// Has entries of the audit trail deleted that are older than they are kept. The service itself may delete none; the
/// database does it, and knows how long they are kept (<see cref="PostgresSchema"/>).
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

    // Of several instances one does it. The number means nothing.
    private const long PruningLock = 7_260_141_306;

    private bool isFirst = true;

    /// <summary>Deletes what is too old, in steps that are short.</summary>
    /// <returns>How many entries; none when another instance is at it.</returns>
    /// <exception cref="StoreUnavailableException">The database did not answer.</exception>
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

    // The first time soon after the start, and then seldom.
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
