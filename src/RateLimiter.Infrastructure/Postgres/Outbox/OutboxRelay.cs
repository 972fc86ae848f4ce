using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Postgres.Projection;

namespace RateLimiter.Infrastructure.Postgres.Outbox;

/// <summary>
/// Copies to the store what whoever changed it did not: because its process ended between the two, or the store was away.
/// It is also who says that the database does not answer any more.
/// </summary>
internal sealed class OutboxRelay(
    PostgresDatabase database,
    ClientProjection projection,
    TimeProvider time,
    ILogger<OutboxRelay> logger
) : RepeatingService("The copying of what was changed", Interval, time, logger)
{
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan MaxInterval = TimeSpan.FromSeconds(4);

    private const int PageSize = 100;

    private TimeSpan pause = Interval;
    private bool isUnavailable;

    /// <summary>
    /// Looks through all announcements once. It holds no connection while it waits for the store or for another answer of the
    /// database, which may have none to spare. That others do the same at once costs work, and changes nothing.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The database did not answer.</exception>
    internal async Task RelayAsync(CancellationToken cancellationToken)
    {
        var last = 0L;
        while (await ReadPageAsync(last, cancellationToken) is [.., var end] page)
        {
            var done = new List<long>();
            foreach (var rows in page.GroupBy(row => row.ClientId))
            {
                if (await TryCompleteAsync(new ClientId(rows.Key), [.. rows], cancellationToken))
                {
                    done.AddRange(rows.Select(row => row.Id));
                }
            }

            await database.AskAsync(
                (context, deadline) =>
                    context
                        .Outbox.Where(row => done.Contains(row.Id))
                        .ExecuteDeleteAsync(deadline.Token),
                cancellationToken
            );
            last = end.Id;
        }
    }

    protected override async ValueTask<bool> WaitAsync(CancellationToken stoppingToken)
    {
        await Task.Delay(pause, Time, stoppingToken);
        return true;
    }

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        if (!database.IsReady)
        {
            // It is being prepared, and PostgresSchema says what is in the way.
            return;
        }

        // Until it is done: also what nobody is prepared for is not tried again at once.
        var before = pause;
        pause = MaxInterval;
        try
        {
            await RelayAsync(stoppingToken);
            pause = Interval;
            if (isUnavailable)
            {
                isUnavailable = false;
                Logger.DatabaseBack();
            }
        }
        catch (StoreUnavailableException exception)
        {
            pause = before < MaxInterval ? 2 * before : MaxInterval;
            if (!isUnavailable)
            {
                isUnavailable = true;
                Logger.DatabaseUnavailable(
                    (exception.InnerException ?? exception).GetBaseException().Message
                );
            }
        }
    }

    private Task<List<OutboxRow>> ReadPageAsync(long seen, CancellationToken cancellationToken) =>
        database.AskAsync(
            (context, deadline) =>
                context
                    .Outbox.AsNoTracking()
                    .Where(row => row.Id > seen)
                    .OrderBy(row => row.Id)
                    .Take(PageSize)
                    .ToListAsync(deadline.Token),
            cancellationToken
        );

    private async Task<bool> TryCompleteAsync(
        ClientId client,
        IReadOnlyList<OutboxRow> announcements,
        CancellationToken cancellationToken
    )
    {
        try
        {
            // Most often it is copied already, and the announcement was not removed yet.
            var copied = await projection.FindVersionAsync(client, cancellationToken);
            if (
                announcements.Any(row => row.Version is null)
                || copied is null
                || announcements.Any(row => row.Version > copied)
            )
            {
                await projection.CompleteAsync(client, cancellationToken);
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
