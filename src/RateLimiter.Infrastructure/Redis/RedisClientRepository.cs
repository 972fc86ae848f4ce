using Microsoft.Extensions.Options;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

internal sealed class RedisClientRepository(
    RedisConnection connection,
    IOptions<QuotaOptions> quotas
) : IClientRepository
{
    private static readonly RedisScript Add = RedisScript.Load(
        "add_client",
        RedisAuditRepository.Modules
    );

    public Task AddAsync(
        NewClient client,
        AuditRecord audit,
        CancellationToken cancellationToken
    ) =>
        connection.WriteAsync(
            RedisKeys.Client(client.Id),
            database =>
                Add.EvaluateAsync(
                    database,
                    [
                        RedisKeys.Client(client.Id),
                        RedisKeys.ApiKeys(client.Id),
                        RedisKeys.Audit(client.Id),
                    ],
                    [
                        client.Name,
                        client.CreatedAt.ToUnixTimeMilliseconds(),
                        client.Key.Hash.ToString(),
                        ApiKeyDocument.Write(client.Key),
                        quotas.Value.MaxHistoryBytes,
                        RedisAuditRepository.Write(audit),
                    ]
                ),
            cancellationToken
        );

    // What the store says is so, also where it is older than what is known: a replica that has become the master may have
    // lost what was answered last.
    public Task<ClientSnapshot?> FindAsync(
        ClientId client,
        long known,
        CancellationToken cancellationToken
    ) =>
        connection.AskAsync(
            RedisKeys.Client(client),
            database => FindAsync(database, client),
            connection.AdministrativeTimeout,
            cancellationToken
        );

    public Task<long?> FindVersionAsync(ClientId client, CancellationToken cancellationToken) =>
        connection.AskAsync(
            RedisKeys.Client(client),
            database => FindVersionAsync(database, client),
            // A check may wait for it, and then for its counter.
            connection.CheckTimeout / 2,
            cancellationToken
        );

    private static async Task<ClientSnapshot?> FindAsync(IDatabase database, ClientId client)
    {
        var ((version, keys), hashes) = await StoredPolicies.ReadAsync(
            database,
            [RedisKeys.Policies(client)],
            async step =>
            {
                // The version is read first and the commands run in order: what is read with it is at least as new.
                var version = FindVersionAsync(database, client);
                var keys = RedisKeyRepository.FindAsync(database, client);
                step.Ask(database);
                await Task.WhenAll(version, keys);
                return (await version, (await version, await keys));
            },
            () => FindVersionAsync(database, client)
        );
        return version is { } known
            ? new ClientSnapshot(
                client,
                known,
                keys,
                new PolicyTable(hashes[0].Values.Select(value => PolicyDocument.Parse(value!)))
            )
            : null;
    }

    internal static async Task<long?> FindVersionAsync(IDatabase database, ClientId client) =>
        (long?)
            await database.HashGetAsync(
                RedisKeys.Client(client),
                "version",
                CommandFlags.DemandMaster
            );
}
