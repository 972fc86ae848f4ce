using Microsoft.Extensions.Hosting;
using RateLimiter.Application;
using RateLimiter.Application.Audit;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Policies;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Infrastructure.Postgres;

/// <summary>
/// Asks the database once what requests will, for a client that is none, so that no caller waits for the queries to be
/// compiled: that takes longer than all of them together.
/// </summary>
internal sealed class PostgresWarmUp(
    PostgresDatabase database,
    ClientCopies copies,
    IKeyRepository keys,
    IPolicyRepository policies,
    IAuditRepository audit,
    TimeProvider time
) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!database.IsReady)
        {
            await Task.Delay(Interval, time, stoppingToken);
        }

        try
        {
            await AskAsync(stoppingToken);
        }
        catch (StoreUnavailableException)
        {
            // The first who asks has to wait.
        }
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        var nobody = new ClientId("");
        var actor = new Actor(KeyId: null, Address: "", RequestId: "");
        var change = PolicyHead
            .None(PolicyKey.CatchAll)
            .Save(Policy.OfEveryAlgorithm(1).Definition, time.GetUtcNow(), actor);
        await copies.FindRecordAsync(nobody, cancellationToken);
        await keys.FindAsync(nobody, cancellationToken);
        await keys.TrySaveAsync(
            nobody,
            version: 0,
            new KeyRing([]),
            new KeyRing([]),
            change.ToAudit(time.GetUtcNow(), actor),
            cancellationToken
        );
        await policies.FindAsync(nobody, change.Key, cancellationToken);
        await policies.ListAsync(nobody, cancellationToken);
        await policies.ListVersionsAsync(nobody, change.Key, null, 1, cancellationToken);
        await policies.TryChangeAsync(
            nobody,
            new PolicyChanges([change], SetVersion: null, time.GetUtcNow(), actor),
            new PolicyQuota(1, 1),
            cancellationToken
        );
        await audit.ListAsync(nobody, new(), before: null, limit: 1, cancellationToken);
        await database.AskAsync(
            async (context, deadline) =>
            {
                // All that a save writes, and then not.
                await using var transaction = await database.BeginAsync(context, deadline);
                context.Add(
                    new ClientRow
                    {
                        Id = nobody.Value,
                        Name = "",
                        CreatedAt = DateTimeOffset.UnixEpoch,
                    }
                );
                context.Add(new AnnouncementRow { ClientId = nobody.Value, Version = 1 });
                await context.SaveChangesAsync(deadline.Token);
                return true;
            },
            cancellationToken
        );
    }
}
