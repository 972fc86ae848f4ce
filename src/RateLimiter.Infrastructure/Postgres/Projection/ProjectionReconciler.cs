using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Postgres.Database;

namespace RateLimiter.Infrastructure.Postgres.Projection;

/// <summary>
/// Compares all copies with the records after the store was away: a replica that takes a master's place may lack what was
/// copied last, although its announcement is removed.
/// </summary>
internal sealed class ProjectionReconciler : RepeatingService
{
    private const int PageSize = 200;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly PostgresDatabase database;
    private readonly ClientProjection projection;
    private volatile bool isDue;

    public ProjectionReconciler(
        PostgresDatabase database,
        ClientProjection projection,
        IClientChanges changes,
        TimeProvider time,
        ILogger<ProjectionReconciler> logger
    )
        : base("The comparison of the copies", Interval, time, logger)
    {
        this.database = database;
        this.projection = projection;
        changes.MessagesLost += () => isDue = true;
    }

    /// <summary>Completes every copy that is older than its record. What has no copy gets one when it is asked for.</summary>
    /// <returns>How many were.</returns>
    /// <exception cref="StoreUnavailableException">The store or the database did not answer.</exception>
    internal async Task<int> CompareAsync(CancellationToken cancellationToken)
    {
        var (count, last) = (0, "");
        while (true)
        {
            var seen = last;
            var page = await database.AskAsync(
                (context, deadline) =>
                    context
                        .Clients.Where(row => string.Compare(row.Id, seen) > 0)
                        .OrderBy(row => row.Id)
                        .Take(PageSize)
                        .Select(row => new { row.Id, row.Version })
                        .ToListAsync(deadline.Token),
                cancellationToken
            );
            if (page is [])
            {
                return count;
            }

            var copied = await Task.WhenAll(
                page.Select(row =>
                    projection.FindVersionAsync(new ClientId(row.Id), cancellationToken)
                )
            );
            foreach (var (row, version) in page.Zip(copied))
            {
                if (version < row.Version)
                {
                    await projection.CompleteAsync(new ClientId(row.Id), cancellationToken);
                    count++;
                }
            }

            last = page[^1].Id;
        }
    }

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        if (!isDue)
        {
            return;
        }

        isDue = false;
        try
        {
            await CompareAsync(stoppingToken);
        }
        catch
        {
            isDue = true;
            throw;
        }
    }
}
