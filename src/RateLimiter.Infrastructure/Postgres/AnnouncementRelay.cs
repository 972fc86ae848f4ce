using Microsoft.EntityFrameworkCore;
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
) : RepeatingService("The copying of what was changed", Interval, time, logger)
{
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan MaxInterval = TimeSpan.FromSeconds(4);

    // It is the store that a page may have to wait for; each answer of the database has the time of a request.
    private static readonly TimeSpan PageTimeout = TimeSpan.FromMinutes(10);

    private const int PageSize = 100;

    private TimeSpan pause = Interval;
    private bool isAway;

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

    protected override async ValueTask<bool> WaitAsync(CancellationToken stoppingToken)
    {
        await Task.Delay(pause, Time, stoppingToken);
        return true;
    }

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        // Until it is done: also what nobody is prepared for is not tried again at once.
        var before = pause;
        pause = MaxInterval;
        try
        {
            await RelayAsync(stoppingToken);
            pause = Interval;
            if (isAway)
            {
                isAway = false;
                Logger.DatabaseBack();
            }
        }
        catch (StoreUnavailableException exception)
        {
            pause = before < MaxInterval ? 2 * before : MaxInterval;
            if (!isAway)
            {
                isAway = true;
                Logger.DatabaseAway(
                    (exception.InnerException ?? exception).GetBaseException().Message
                );
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
