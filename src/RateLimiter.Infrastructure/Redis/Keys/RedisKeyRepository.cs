using System.Globalization;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Keys;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Keys;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Keys;

internal sealed class RedisKeyRepository(RedisConnection connection, IOptions<QuotaOptions> quotas)
    : IKeyRepository
{
    private static readonly RedisScript Save = RedisScript.Load("save_keys");
    private static readonly RedisScript SaveUses = RedisScript.Load("save_key_uses");

    public Task<(long Version, KeyRing Keys)?> FindAsync(
        ClientId client,
        CancellationToken cancellationToken
    ) =>
        connection.AskAsync(
            RedisKeys.Client(client),
            async database =>
            {
                // The version is read first and the commands are executed in order: the keys are at least as new.
                var versions = database.HashGetAsync(
                    RedisKeys.Client(client),
                    ["version", "keys_version"],
                    CommandFlags.DemandMaster
                );
                var keys = FindAsync(database, client);
                await Task.WhenAll(versions, keys);
                return await versions is [{ IsNull: false }, var version]
                    ? ((long)version, await keys)
                    : ((long, KeyRing)?)null;
            },
            connection.AdministrativeTimeout,
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
        var come = after.Keys.Where(key => before.Find(key.Hash) != key);
        var saved = (long)
            await connection.WriteAsync(
                RedisKeys.Client(client),
                database =>
                    Save.EvaluateAsync(
                        database,
                        [
                            RedisKeys.Client(client),
                            RedisKeys.ApiKeys(client),
                            RedisKeys.ApiKeyUses(client),
                            RedisKeys.Audit(client),
                        ],
                        [
                            client.Value,
                            version,
                            quotas.Value.MaxHistoryBytes,
                            AuditDocument.WriteEntry(audit),
                            gone.Count,
                            .. gone.Select(key => (RedisValue)$"{key.Hash}"),
                            .. come.SelectMany(key =>
                                new RedisValue[] { $"{key.Hash}", ApiKeyDocument.Write(key) }
                            ),
                        ]
                    ),
                cancellationToken
            );
        return saved > 0 ? saved : null;
    }

    public async Task<IReadOnlyDictionary<KeyHash, long>> FindUsesAsync(
        ClientId client,
        CancellationToken cancellationToken
    )
    {
        var uses = await connection.AskAsync(
            RedisKeys.ApiKeyUses(client),
            database =>
                database.HashGetAllAsync(RedisKeys.ApiKeyUses(client), CommandFlags.DemandMaster),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        return uses.ToDictionary(use => KeyHash.Parse(use.Name!), use => (long)use.Value);
    }

    public Task SaveUsesAsync(
        ClientId client,
        IReadOnlyDictionary<KeyHash, long> uses,
        CancellationToken cancellationToken
    ) =>
        connection.WriteAsync(
            RedisKeys.ApiKeys(client),
            database =>
                SaveUses.EvaluateAsync(
                    database,
                    [RedisKeys.ApiKeys(client), RedisKeys.ApiKeyUses(client)],
                    [
                        .. uses.SelectMany(use =>
                            new RedisValue[]
                            {
                                $"{use.Key}",
                                use.Value.ToString(CultureInfo.InvariantCulture),
                            }
                        ),
                    ]
                ),
            cancellationToken
        );

    internal static async Task<KeyRing> FindAsync(IDatabase database, ClientId client)
    {
        var keys = await database.HashGetAllAsync(
            RedisKeys.ApiKeys(client),
            CommandFlags.DemandMaster
        );
        return new KeyRing(keys.Select(key => ApiKeyDocument.Read(key.Name!, key.Value!)));
    }
}
