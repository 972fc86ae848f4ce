using System.Globalization;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Keys;
using RateLimiter.Infrastructure.Redis.Policies;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Clients;

internal sealed class RedisClientRepository(
    RedisConnection connection,
    IOptions<QuotaOptions> quotas
) : IClientRepository
{
    private static readonly RedisScript Add = RedisScript.Load("add_client");

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
                        AuditDocument.WriteEntry(audit),
                    ]
                ),
            cancellationToken
        );

    // The store is authoritative, even when it is older than what is known here: a replica that was promoted to master
    // may have lost the latest acknowledged writes.
    public Task<ClientSnapshot?> FindAsync(
        ClientId client,
        long known,
        ClientSnapshot? loaded,
        CancellationToken cancellationToken
    ) =>
        connection.AskAsync(
            RedisKeys.Client(client),
            async database =>
                loaded is not null && await FindChangedAsync(database, loaded) is { } changed
                    ? changed
                    : await FindAsync(database, client),
            connection.AdministrativeTimeout,
            cancellationToken
        );

    public Task<long?> FindVersionAsync(ClientId client, CancellationToken cancellationToken) =>
        connection.AskAsync(
            RedisKeys.Client(client),
            database => FindVersionAsync(database, client),
            // A check may wait for this, and then for its counter.
            connection.CheckTimeout / 2,
            cancellationToken
        );

    private static async Task<ClientSnapshot?> FindAsync(IDatabase database, ClientId client)
    {
        var ((versions, keys), hashes) = await StoredPolicies.ReadAsync(
            database,
            [RedisKeys.Policies(client)],
            async step =>
            {
                // The version is read first and the commands are executed in order: everything else is at least as new.
                var versions = FindVersionsAsync(database, client);
                var keys = RedisKeyRepository.FindAsync(database, client);
                step.Ask(database);
                await Task.WhenAll(versions, keys);
                return ((await versions).Client, (await versions, await keys));
            },
            () => FindVersionAsync(database, client)
        );
        if (versions.Client is not { } version)
        {
            return null;
        }

        var (policies, overrides) = await StoredPolicies.ParseAsync(hashes[0]);
        return new ClientSnapshot(client, version, keys, new PolicyTable(policies))
        {
            Overrides = new OverrideTable(overrides),
            PoliciesVersion = versions.Policies,
        };
    }

    /// <summary>
    /// Reads the keys, and only those policies and overrides that have changed; null when it is not known which.
    /// </summary>
    private static async Task<ClientSnapshot?> FindChangedAsync(
        IDatabase database,
        ClientSnapshot loaded
    )
    {
        var reading = FindVersionsAsync(database, loaded.Id);
        var keys = RedisKeyRepository.FindAsync(database, loaded.Id);
        var notes = database.ListRangeAsync(
            RedisKeys.PolicyChanges(loaded.Id),
            flags: CommandFlags.DemandMaster
        );
        await Task.WhenAll(reading, keys, notes);
        var versions = await reading;
        if (
            versions.Client is not { } version
            || FieldsChanged(loaded.PoliciesVersion, versions.Policies, await notes)
                is not { } fields
        )
        {
            return null;
        }

        var (policies, overrides) = (loaded.Policies, loaded.Overrides);
        if (fields.Length > 0)
        {
            var values = database.HashGetAsync(
                RedisKeys.Policies(loaded.Id),
                fields,
                CommandFlags.DemandMaster
            );
            var after = FindVersionsAsync(database, loaded.Id);
            await Task.WhenAll(values, after);
            if ((await after).Policies != versions.Policies)
            {
                return null;
            }

            var changed = fields
                .Zip(await values, (field, value) => (Field: (string)field!, Value: value))
                .ToLookup(it => RedisKeys.ParseOverrideField(it.Field) is not null);
            policies = policies.With(
                changed[false]
                    .Select(it =>
                        (
                            RedisKeys.ParsePolicyField(it.Field),
                            it.Value.IsNull ? null : PolicyDocument.Parse(it.Value!)
                        )
                    )
            );
            // Their index is built again when they change.
            overrides = changed.Contains(true)
                ? overrides.With(
                    changed[true]
                        .Select(it =>
                            (
                                RedisKeys.ParseOverrideField(it.Field)!,
                                it.Value.IsNull ? null : OverrideDocument.Parse(it.Value!)
                            )
                        )
                )
                : overrides;
        }

        return new ClientSnapshot(loaded.Id, version, await keys, policies)
        {
            Overrides = overrides,
            PoliciesVersion = versions.Policies,
        };
    }

    /// <summary>
    /// The policies that have changed between two versions; null when it is not known for every version.
    /// </summary>
    private static RedisValue[]? FieldsChanged(long after, long upTo, RedisValue[] notes)
    {
        var changed = notes
            .Select(note => $"{note}".Split(' ', 2))
            .Select(note =>
                (Version: long.Parse(note[0], CultureInfo.InvariantCulture), Field: note[1])
            )
            .Where(note => note.Version > after)
            .ToList();
        return
            upTo >= after
            && changed.Select(note => note.Version).Distinct().Count(noted => noted <= upTo)
                == upTo - after
            ? [.. changed.Select(note => (RedisValue)note.Field).Distinct()]
            : null;
    }

    private static async Task<(long? Client, long Policies)> FindVersionsAsync(
        IDatabaseAsync database,
        ClientId client
    )
    {
        var versions = await database.HashGetAsync(
            RedisKeys.Client(client),
            ["version", "policies_version"],
            CommandFlags.DemandMaster
        );
        return ((long?)versions[0], (long?)versions[1] ?? 0);
    }

    internal static async Task<long?> FindVersionAsync(IDatabase database, ClientId client) =>
        (long?)
            await database.HashGetAsync(
                RedisKeys.Client(client),
                "version",
                CommandFlags.DemandMaster
            );
}
