using Microsoft.Extensions.Logging;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Background;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Postgres.Projection;

namespace RateLimiter.Infrastructure.Postgres.Health;

/// <summary>
/// Runs every query once that requests will run, for a client that does not exist, so that no caller waits for the
/// queries to be compiled: that takes longer than executing all of them.
/// </summary>
internal sealed class PostgresWarmUp(
    PostgresDatabase database,
    ClientProjection projection,
    IKeyRepository keys,
    IPolicyRepository policies,
    IAuditRepository audit,
    TimeProvider time,
    ILogger<PostgresWarmUp> logger
) : RepeatingService("The warm-up of PostgreSQL", Interval, time, logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private bool isDone;

    protected override async ValueTask<bool> WaitAsync(CancellationToken stoppingToken) =>
        !isDone && await base.WaitAsync(stoppingToken);

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        if (database.IsReady)
        {
            // Only once: after a failure, the first caller has to wait.
            isDone = true;
            await AskAsync(stoppingToken);
        }
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        var nobody = new ClientId("");
        var actor = new Actor(KeyId: null, Address: "", RequestId: "");
        var change = PolicyHead
            .None(PolicyKey.CatchAll)
            .Save(Policy.OfEveryAlgorithm(1).Definition, Time.GetUtcNow(), actor);
        await projection.FindRecordAsync(nobody, cancellationToken);
        await keys.FindAsync(nobody, cancellationToken);
        await keys.TrySaveAsync(
            nobody,
            version: 0,
            new KeyRing([]),
            new KeyRing([]),
            change.ToAudit(Time.GetUtcNow(), actor),
            cancellationToken
        );
        await policies.FindAsync(nobody, change.Key, cancellationToken);
        await policies.ListAsync(nobody, cancellationToken);
        await policies.ListVersionsAsync(nobody, change.Key, null, 1, cancellationToken);
        await policies.TryChangeAsync(
            nobody,
            new PolicyChanges([change], SetVersion: null, Time.GetUtcNow(), actor),
            new PolicyQuota(1, 1),
            cancellationToken
        );
        await audit.ListAsync(nobody, new(), before: null, limit: 1, cancellationToken);
        await database.AskAsync(
            async (context, deadline) =>
            {
                // Write everything that a registration writes, and roll it back.
                await using var transaction = await database.BeginAsync(context, deadline);
                context.Add(
                    new ClientRow
                    {
                        Id = nobody.Value,
                        Name = "",
                        CreatedAt = DateTimeOffset.UnixEpoch,
                    }
                );
                context.Add(new OutboxRow { ClientId = nobody.Value, Version = 1 });
                await context.SaveChangesAsync(deadline.Token);
                return true;
            },
            cancellationToken
        );
    }
}
