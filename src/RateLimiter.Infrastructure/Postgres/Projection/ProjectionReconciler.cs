using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Postgres.Database;

namespace RateLimiter.Infrastructure.Postgres.Projection;

/// <summary>
/// Compares all projections with the system of record after the store was unavailable: a replica that was promoted to
/// master may lack the latest projected changes, although their outbox entries are removed.
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
        : base("The reconciliation of the projection", Interval, time, logger)
    {
        this.database = database;
        this.projection = projection;
        changes.MessagesLost += () => isDue = true;
    }

    /// <summary>
    /// Updates every projection that is older than its record. A client without a projection gets one when it is
    /// requested.
    /// </summary>
    /// <returns>The number of updated projections.</returns>
    /// <exception cref="StoreUnavailableException">The store or the database did not reply.</exception>
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
