using System.Globalization;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Policies;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Policies;

internal sealed class RedisPolicyRepository(
    RedisConnection connection,
    PolicyImports imports,
    ImportJournal journal,
    IOptions<QuotaOptions> quotas
) : IPolicyRepository
{
    private static readonly RedisScript Change = RedisScript.Load("change_policies");

    /// <summary>The reply of change_policies.lua when an import must be recorded first.</summary>
    private const long ImportUnderWay = 5;

    public Task<PolicySet> ListAsync(ClientId client, CancellationToken cancellationToken) =>
        connection.AskAsync(
            RedisKeys.Client(client),
            async database =>
            {
                var stored = await StoredPolicySet.ReadAsync(database, client);
                var (policies, overrides) = await StoredPolicies.ParseAsync(stored.Policies);
                return new PolicySet(
                    stored.Version,
                    [
                        .. policies.Select(PolicyHead.Of),
                        .. stored.Deleted.Select(policy => new PolicyHead(
                            RedisKeys.ParsePolicyField(policy.Key),
                            (long)policy.Value,
                            Policy: null
                        )),
                    ]
                )
                {
                    Overrides = overrides,
                };
            },
            connection.AdministrativeTimeout,
            cancellationToken
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

    public Task<Override?> FindOverrideAsync(
        ClientId client,
        string id,
        CancellationToken cancellationToken
    ) =>
        connection.AskAsync(
            RedisKeys.Client(client),
            async database =>
                await database.HashGetAsync(
                    RedisKeys.Policies(client),
                    RedisKeys.OverrideField(id),
                    CommandFlags.DemandMaster
                )
                    is { IsNull: false } value
                    ? OverrideDocument.Parse(value!)
                    : null,
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
        await journal.FinishAsync(client, cancellationToken);
        var head = await FindAsync(client, key, cancellationToken);
        var versions = new List<PolicyVersion>();
        var newest = Math.Min(head.Version, (before ?? long.MaxValue) - 1);
        if (head.Policy is { } policy && policy.Version == newest)
        {
            versions.Add(PolicyVersion.Of(policy));
            newest--;
        }

        // Version numbers are consecutive, starting from one that may be more than 1.
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
        if (changes.Changes.Count + changes.Overrides.Count > PolicyStaging.PerStep)
        {
            return await imports.TryChangeAsync(client, changes, quota, cancellationToken);
        }

        var reply = await ChangeAsync(client, changes, quota, cancellationToken);
        if (reply[0] != ImportUnderWay)
        {
            return new PolicyChangeResult((PolicySave)reply[0], reply[1]);
        }

        // This change was based on the state before the import.
        await journal.FinishAsync(client, cancellationToken);
        return new PolicyChangeResult(PolicySave.Outdated);
    }

    private async Task<long[]> ChangeAsync(
        ClientId client,
        PolicyChanges changes,
        PolicyQuota quota,
        CancellationToken cancellationToken
    ) =>
        (long[])
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
                                RedisKeys.ImportJournal(client),
                                RedisKeys.PolicyChanges(client),
                            ],
                            [
                                client.Value,
                                changes.SetVersion?.ToString(CultureInfo.InvariantCulture) ?? "",
                                quota.MaxPolicies,
                                quota.MaxBytes,
                                quotas.Value.MaxHistoryBytes,
                                changes.DryRun,
                                TombstoneDocument.Write(changes.At, changes.Actor.KeyId),
                                quota.MaxOverrides,
                                .. changes.Changes.SelectMany(change =>
                                    new RedisValue[]
                                    {
                                        RedisKeys.PolicyField(change.Key),
                                        change.Before.Version,
                                        change.After is null
                                            ? ""
                                            : $"{change.Version} {PolicyDocument.Write(change.After)}",
                                        AuditDocument.WriteEntryWithoutPolicy(
                                            change.ToAudit(changes.At, changes.Actor)
                                        ),
                                    }
                                ),
                                .. changes.Overrides.SelectMany(change =>
                                    new RedisValue[]
                                    {
                                        RedisKeys.OverrideField(change.Id),
                                        change.BaseVersion,
                                        change.After is null
                                            ? ""
                                            : OverrideDocument.WriteWithVersion(change.After),
                                        AuditDocument.WriteEntryWithoutPolicy(
                                            change.ToAudit(changes.At, changes.Actor)
                                        ),
                                    }
                                ),
                            ]
                        ),
                    cancellationToken
                )
            )!;

    /// <summary>Reads the value of a field of the hash of old versions.</summary>
    // A policy is stored with its version before it, a deletion without.
    internal static PolicyVersion ParseVersion(long version, string value) =>
        value.StartsWith('{')
            ? TombstoneDocument.Read(value, version)
            : PolicyVersion.Of(PolicyDocument.Parse(value));
}
