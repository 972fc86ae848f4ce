using System.Globalization;
using Microsoft.Extensions.Options;
using RateLimiter.Application;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

internal sealed class RedisPolicyRepository(
    RedisConnection connection,
    IOptions<QuotaOptions> quotas
) : IPolicyRepository
{
    /// <summary>
    /// So many changes may take the store longer than a request waits for it: when there is no answer, it is looked whether
    /// they were made.
    /// </summary>
    private const int ManyChanges = 500;

    /// <summary>How often it is looked, a quarter of a second or more apart, while the store answers nothing.</summary>
    private const int MaxLooks = 20;

    private static readonly RedisScript Change = RedisScript.Load(
        "change_policies",
        RedisAuditRepository.Modules
    );

    public Task<PolicySet> ListAsync(ClientId client, CancellationToken cancellationToken) =>
        connection.AskAsync(
            RedisKeys.Client(client),
            async database =>
            {
                var ((version, deleted), policies) = await StoredPolicies.ReadAsync(
                    database,
                    client,
                    async step =>
                    {
                        // No transaction: a Redis that is full refuses to queue even what only reads.
                        var version = FindVersionAsync(database, client);
                        var deleted = database.HashGetAllAsync(
                            RedisKeys.DeletedPolicies(client),
                            CommandFlags.DemandMaster
                        );
                        step.Ask(database);
                        return (await version, (await version, await deleted));
                    },
                    () => FindVersionAsync(database, client),
                    // A policy that is deleted meanwhile is there or deleted, and not both.
                    isOfOneMoment: true
                );
                return new PolicySet(
                    version ?? 0,
                    [
                        .. policies.Select(value => PolicyHead.Of(PolicyDocument.Parse(value!))),
                        .. deleted.Select(policy => new PolicyHead(
                            RedisKeys.ParsePolicyField(policy.Name!),
                            (long)policy.Value,
                            Policy: null
                        )),
                    ]
                );
            },
            connection.AdministrativeTimeout,
            cancellationToken
        );

    private static async Task<long?> FindVersionAsync(IDatabaseAsync database, ClientId client) =>
        (long?)
            await database.HashGetAsync(
                RedisKeys.Client(client),
                "policies_version",
                CommandFlags.DemandMaster
            );

    public Task<PolicyHead> FindAsync(
        ClientId client,
        PolicyKey key,
        CancellationToken cancellationToken
    ) =>
        connection.AskAsync(
            RedisKeys.Client(client),
            async database =>
            {
                var field = RedisKeys.PolicyField(key);
                var policy = database.HashGetAsync(
                    RedisKeys.Policies(client),
                    field,
                    CommandFlags.DemandMaster
                );
                var deleted = database.HashGetAsync(
                    RedisKeys.DeletedPolicies(client),
                    field,
                    CommandFlags.DemandMaster
                );
                await Task.WhenAll(policy, deleted);
                return await policy is { IsNull: false } value
                    ? PolicyHead.Of(PolicyDocument.Parse(value!))
                    : new PolicyHead(key, (long?)await deleted ?? 0, Policy: null);
            },
            connection.AdministrativeTimeout,
            cancellationToken
        );

    public async Task<IReadOnlyList<PolicyVersion>> ListVersionsAsync(
        ClientId client,
        PolicyKey key,
        long? before,
        int limit,
        CancellationToken cancellationToken
    )
    {
        var head = await FindAsync(client, key, cancellationToken);
        var versions = new List<PolicyVersion>();
        var newest = Math.Min(head.Version, (before ?? long.MaxValue) - 1);
        if (head.Policy is { } policy && policy.Version == newest)
        {
            versions.Add(PolicyVersion.Of(policy));
            newest--;
        }

        // Their numbers are consecutive, from one that may be more than 1.
        var count = Math.Min(newest, limit - versions.Count);
        if (count <= 0)
        {
            return versions;
        }

        var numbers = Enumerable.Range(0, (int)count).Select(age => newest - age).ToList();
        var values = await connection.AskAsync(
            RedisKeys.PolicyVersions(client),
            database =>
                database.HashGetAsync(
                    RedisKeys.PolicyVersions(client),
                    [.. numbers.Select(number => RedisKeys.PolicyVersionField(number, key))],
                    CommandFlags.DemandMaster
                ),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        versions.AddRange(
            numbers
                .Zip(values)
                .TakeWhile(pair => !pair.Second.IsNull)
                .Select(pair => ParseVersion(pair.First, pair.Second!))
        );
        return versions;
    }

    public async Task<PolicyChangeResult> TryChangeAsync(
        ClientId client,
        PolicyChanges changes,
        PolicyQuota quota,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await ChangeAsync(client, changes, quota, cancellationToken);
        }
        catch (StoreUnavailableException exception)
            when (changes.Changes.Count >= ManyChanges
                && !changes.DryRun
                && exception.InnerException is not null
                && !RedisConnection.WasNotSent(exception)
            )
        {
            if (await IsMadeAsync(client, changes, cancellationToken))
            {
                return new PolicyChangeResult(PolicySave.Saved, ClientDirectory.Latest);
            }

            throw;
        }
    }

    private async Task<PolicyChangeResult> ChangeAsync(
        ClientId client,
        PolicyChanges changes,
        PolicyQuota quota,
        CancellationToken cancellationToken
    )
    {
        var reply = (long[])
            (
                await connection.WriteAsync(
                    RedisKeys.Client(client),
                    database =>
                        Change.EvaluateAsync(
                            database,
                            [
                                RedisKeys.Client(client),
                                RedisKeys.Policies(client),
                                RedisKeys.DeletedPolicies(client),
                                RedisKeys.PolicyVersions(client),
                                RedisKeys.PolicyVersionOrder(client),
                                RedisKeys.Audit(client),
                            ],
                            [
                                client.Value,
                                changes.SetVersion?.ToString(CultureInfo.InvariantCulture) ?? "",
                                quota.MaxPolicies,
                                quota.MaxBytes,
                                quotas.Value.MaxHistoryBytes,
                                changes.DryRun,
                                TombstoneDocument.Write(changes.At, changes.Actor.KeyId),
                                .. changes.Changes.SelectMany(change =>
                                    new RedisValue[]
                                    {
                                        RedisKeys.PolicyField(change.Key),
                                        change.Before.Version,
                                        change.After is null
                                            ? ""
                                            : $"{change.Version} {PolicyDocument.Write(change.After)}",
                                        RedisAuditRepository.WriteWithoutPolicy(
                                            change.ToAudit(changes.At, changes.Actor)
                                        ),
                                    }
                                ),
                            ]
                        ),
                    cancellationToken
                )
            )!;
        return new PolicyChangeResult((PolicySave)reply[0], reply[1]);
    }

    // The store may still be at it, and answers nobody meanwhile.
    private async Task<bool> IsMadeAsync(
        ClientId client,
        PolicyChanges changes,
        CancellationToken cancellationToken
    )
    {
        for (var attempt = 1; ; attempt++)
        {
            await Task.Delay(RedisLink.ReconnectInterval, cancellationToken);
            try
            {
                var set = await ListAsync(client, cancellationToken);
                var heads = set.Heads.ToDictionary(head => head.Key);
                return changes.Changes.All(change =>
                    heads.TryGetValue(change.Key, out var head)
                    && head.Version == change.Version
                    && head.Policy?.UpdatedAt == change.After?.UpdatedAt
                );
            }
            catch (StoreUnavailableException) when (attempt < MaxLooks)
            {
                // It is looked again.
            }
        }
    }

    /// <summary>Reads the value of a field of the hash of old versions.</summary>
    // A policy stands there with its version before it, a deletion does not.
    internal static PolicyVersion ParseVersion(long version, string value) =>
        value.StartsWith('{')
            ? TombstoneDocument.Read(value, version)
            : PolicyVersion.Of(PolicyDocument.Parse(value));
}
