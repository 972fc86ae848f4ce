using Microsoft.EntityFrameworkCore;
using RateLimiter.Application.Keys;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Postgres.Audit;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Postgres.Projection;
using RateLimiter.Infrastructure.Redis.Keys;

namespace RateLimiter.Infrastructure.Postgres.Keys;

/// <summary>
/// The last uses of keys stay in the store: they change every minute, and need not be in the system of record.
/// </summary>
internal sealed class PostgresKeyRepository(
    PostgresDatabase database,
    ClientProjection projection,
    RedisKeyRepository store
) : IKeyRepository
{
    public Task<(long Version, KeyRing Keys)?> FindAsync(
        ClientId client,
        CancellationToken cancellationToken
    ) =>
        database.AskAsync<(long, KeyRing)?>(
            async (context, deadline) =>
            {
                await using var snapshot = await PostgresDatabase.BeginSnapshotAsync(
                    context,
                    deadline
                );
                var version = await context
                    .Clients.Where(row => row.Id == client.Value)
                    .Select(row => (long?)row.KeysVersion)
                    .SingleOrDefaultAsync(deadline.Token);
                if (version is not { } known)
                {
                    return null;
                }

                var rows = await context
                    .Keys.AsNoTracking()
                    .Where(row => row.ClientId == client.Value)
                    .ToListAsync(deadline.Token);
                return (
                    known,
                    new KeyRing(
                        rows.Select(row =>
                            ApiKeyDocument.Read(Convert.ToHexStringLower(row.Hash), row.Document)
                        )
                    )
                );
            },
            cancellationToken
        );

    public async Task<long?> TrySaveAsync(
        ClientId client,
        long version,
        KeyRing before,
        KeyRing after,
        AuditRecord audit,
        CancellationToken cancellationToken
    )
    {
        var gone = before.Keys.Where(key => after.Find(key.Hash) is null).ToList();
        var saved = after
            .Keys.Where(key => before.Find(key.Hash) != key)
            .Select(key => (Key: key, Document: ApiKeyDocument.Write(key)))
            .ToList();
        var change = await database.AskAsync(
            async (context, deadline) =>
            {
                await using var transaction = await database.BeginAsync(context, deadline);
                if (
                    await PostgresDatabase.LockAsync(context, client, deadline) is not { } row
                    || row.KeysVersion != version
                )
                {
                    return null;
                }

                await SaveAsync(context, client, gone, saved, deadline);
                row.Version++;
                row.KeysVersion++;
                context.Add(AuditRows.Of(client, audit));
                var outboxEntry = new OutboxRow { ClientId = client.Value, Version = row.Version };
                context.Add(outboxEntry);
                await context.SaveChangesAsync(deadline.Token);
                await transaction.CommitAsync(deadline.Token);
                return new RecordedChange(row, outboxEntry.Id)
                {
                    KeysGone = [.. gone.Select(key => $"{key.Hash}")],
                    KeysSaved = [.. saved.Select(pair => ($"{pair.Key.Hash}", pair.Document))],
                };
            },
            cancellationToken
        );
        if (change is null)
        {
            return null;
        }

        await projection.ProjectAsync(change);
        return change.Client.Version;
    }

    public Task<IReadOnlyDictionary<KeyHash, long>> FindUsesAsync(
        ClientId client,
        CancellationToken cancellationToken
    ) => store.FindUsesAsync(client, cancellationToken);

    public Task SaveUsesAsync(
        ClientId client,
        IReadOnlyDictionary<KeyHash, long> uses,
        CancellationToken cancellationToken
    ) => store.SaveUsesAsync(client, uses, cancellationToken);

    private static async Task SaveAsync(
        SystemOfRecordContext context,
        ClientId client,
        IEnumerable<ClientKey> gone,
        IEnumerable<(ClientKey Key, string Document)> saved,
        Deadline deadline
    )
    {
        var rows = await context
            .Keys.Where(row => row.ClientId == client.Value)
            .ToDictionaryAsync(row => Convert.ToHexStringLower(row.Hash), deadline.Token);
        foreach (var key in gone)
        {
            if (rows.TryGetValue($"{key.Hash}", out var row))
            {
                context.Remove(row);
            }
        }

        foreach (var (key, document) in saved)
        {
            if (rows.TryGetValue($"{key.Hash}", out var row))
            {
                row.Document = document;
            }
            else
            {
                context.Add(
                    new KeyRow
                    {
                        ClientId = client.Value,
                        Hash = Convert.FromHexString($"{key.Hash}"),
                        Id = key.Id,
                        Document = document,
                    }
                );
            }
        }
    }
}
