using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Postgres.Projection;

namespace RateLimiter.Infrastructure.Postgres.Outbox;

/// <summary>
/// The relay of the transactional outbox: projects to the store the changes that the instance which made them did not,
/// because its process ended in between, or because the store was unavailable. It also reports that the database does
/// not reply any more.
/// </summary>
internal sealed class OutboxRelay(
    PostgresDatabase database,
    ClientProjection projection,
    TimeProvider time,
    ILogger<OutboxRelay> logger
) : RepeatingService("The outbox relay", Interval, time, logger)
{
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan MaxInterval = TimeSpan.FromSeconds(4);

    private const int PageSize = 100;

    private TimeSpan pause = Interval;
    private bool isUnavailable;

    /// <summary>
    /// Processes all outbox entries once. It holds no connection while it waits for the store or for another query of
    /// the database, which may have no connection to spare. When several instances do this concurrently, it costs work
    /// but is harmless.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The database did not reply.</exception>
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
            // The schema is being prepared, and PostgresSchema reports what prevents it.
            return;
        }

        // Set until the work is done, so that an unexpected exception also delays the next attempt.
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
        IReadOnlyList<OutboxRow> entries,
        CancellationToken cancellationToken
    )
    {
        try
        {
            // Usually the change is projected already, and only its outbox entry was not removed yet.
            var copied = await projection.FindVersionAsync(client, cancellationToken);
            if (
                entries.Any(row => row.Version is null)
                || copied is null
                || entries.Any(row => row.Version > copied)
            )
            {
                await projection.CompleteAsync(client, cancellationToken);
            }

            return true;
        }
        catch (StoreUnavailableException)
        {
            // The store's monitor reports it. Other clients may be in another shard.
            return false;
        }
    }
}
