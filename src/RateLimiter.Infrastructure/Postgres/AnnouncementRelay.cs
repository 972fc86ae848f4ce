using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RateLimiter.Application;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Infrastructure.Postgres;

/// <summary>
/// Copies to the store what whoever changed it did not: because its process ended between the two, or the store was away.
/// It is also who says that the database does not answer.
/// </summary>
internal sealed class AnnouncementRelay(
    PostgresDatabase database,
    ClientCopies copies,
    TimeProvider time,
    ILogger<AnnouncementRelay> logger
) : BackgroundService
{
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan MaxInterval = TimeSpan.FromSeconds(4);

    // It is the store that a page may have to wait for; each answer of the database has the time of a request.
    private static readonly TimeSpan PageTimeout = TimeSpan.FromMinutes(10);

    private const int PageSize = 100;

    /// <summary>Looks through all announcements once, but for those that another instance looks at.</summary>
    /// <exception cref="StoreUnavailableException">The database did not answer.</exception>
    internal async Task RelayAsync(CancellationToken cancellationToken)
    {
        long? last = 0;
        while (last is { } seen)
        {
            last = await database.AskAsync(
                (context, deadline) => RelayPageAsync(context, seen, deadline, cancellationToken),
                PageTimeout,
                cancellationToken
            );
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var (isAway, pause) = (false, Interval);
        while (true)
        {
            await Task.Delay(pause, time, stoppingToken);
            try
            {
                await RelayAsync(stoppingToken);
                pause = Interval;
                if (isAway)
                {
                    isAway = false;
                    logger.DatabaseBack();
                }
            }
            catch (StoreUnavailableException exception)
            {
                pause = pause < MaxInterval ? 2 * pause : MaxInterval;
                if (!isAway)
                {
                    isAway = true;
                    logger.DatabaseAway(
                        (exception.InnerException ?? exception).GetBaseException().Message
                    );
                }
            }
#pragma warning disable CA1031 // What one of them is not prepared for must not end the service.
            catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
            {
                pause = MaxInterval;
                logger.BackgroundWorkFailed(exception, "The copying of what was changed");
            }
        }
    }

    /// <returns>The last announcement of the page; null when there is none.</returns>
    private async Task<long?> RelayPageAsync(
        RecordsContext context,
        long seen,
        Deadline deadline,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await context.Database.BeginTransactionAsync(deadline.Token);
        var page = await context
            .Announcements.FromSql(
                $"""
                SELECT * FROM ratelimiter.announcements WHERE id > {seen}
                ORDER BY id LIMIT {PageSize} FOR UPDATE SKIP LOCKED
                """
            )
            .ToListAsync(deadline.Token);
        if (page is [])
        {
            return null;
        }

        foreach (var rows in page.GroupBy(row => row.ClientId))
        {
            if (await TryCompleteAsync(new ClientId(rows.Key), [.. rows], cancellationToken))
            {
                context.RemoveRange(rows);
            }
        }

        await context.SaveChangesAsync(deadline.Token);
        await transaction.CommitAsync(deadline.Token);
        return page[^1].Id;
    }

    private async Task<bool> TryCompleteAsync(
        ClientId client,
        IReadOnlyList<AnnouncementRow> announcements,
        CancellationToken cancellationToken
    )
    {
        try
        {
            // Most often it is copied already, and the announcement was not removed yet.
            var copied = await copies.FindVersionAsync(client, cancellationToken);
            if (
                announcements.Any(row => row.Version is null)
                || copied is null
                || announcements.Any(row => row.Version > copied)
            )
            {
                await copies.CompleteAsync(client, cancellationToken);
            }

            return true;
        }
        catch (StoreUnavailableException)
        {
            // The store's monitor says so. Others may be in another part of it.
            return false;
        }
    }
}
