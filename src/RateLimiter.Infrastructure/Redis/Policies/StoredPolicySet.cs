using System.Globalization;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Policies;

/// <summary>All policies of a client, as they are stored at one moment.</summary>
/// <param name="ClientVersion">The client's version; null when the client was deleted.</param>
/// <param name="Version">The version of all policies.</param>
/// <param name="Bytes">Their size when they were read.</param>
/// <param name="Policies">In the format of <see cref="RedisKeys.Policies"/>.</param>
/// <param name="Deleted">In the format of <see cref="RedisKeys.DeletedPolicies"/>.</param>
internal sealed record StoredPolicySet(
    long? ClientVersion,
    long Version,
    long Bytes,
    StoredPolicies.Fields Policies,
    StoredPolicies.Fields Deleted
)
{
    public static async Task<StoredPolicySet> ReadAsync(IDatabase database, ClientId client)
    {
        var (versions, hashes) = await StoredPolicies.ReadAsync(
            database,
            [RedisKeys.Policies(client), RedisKeys.DeletedPolicies(client)],
            async step =>
            {
                // No transaction: a Redis that is full refuses to queue even reads.
                var versions = database.HashGetAsync(
                    RedisKeys.Client(client),
                    ["version", "policies_version", "policy_bytes"],
                    CommandFlags.DemandMaster
                );
                step.Ask(database);
                return ((long?)(await versions)[1], await versions);
            },
            async () =>
                (long?)
                    await database.HashGetAsync(
                        RedisKeys.Client(client),
                        "policies_version",
                        CommandFlags.DemandMaster
                    ),
            // A policy that is deleted meanwhile must appear in one of the two hashes, not in both.
            isOfOneMoment: true
        );
        return new StoredPolicySet(
            (long?)versions[0],
            (long?)versions[1] ?? 0,
            (long?)versions[2] ?? 0,
            hashes[0],
            hashes[1]
        );
    }

    /// <summary>Whether changes are based on these policies.</summary>
    public bool IsBaseOf(PolicyChanges changes) =>
        (changes.SetVersion ?? Version) == Version
        && changes.Changes.All(change =>
            change.Before.Version == VersionOf(RedisKeys.PolicyField(change.Key)!)
        )
        && changes.Overrides.All(change =>
            change.BaseVersion == VersionOf(RedisKeys.OverrideField(change.Id)!)
        );

    /// <summary>Applies changes to <see cref="Policies"/>.</summary>
    /// <returns>The size of the policies afterwards.</returns>
    public long Apply(PolicyChanges changes)
    {
        var bytes = Bytes;
        foreach (var change in changes.Changes)
        {
            var field = (string)RedisKeys.PolicyField(change.Key)!;
            if (Policies.Remove(field, out var old))
            {
                bytes -= old.Length();
            }

            if (change.After is { } after)
            {
                RedisValue saved = $"{change.Version} {PolicyDocument.Write(after)}";
                Policies.Add(field, saved);
                bytes += saved.Length();
            }
        }

        foreach (var change in changes.Overrides)
        {
            var field = (string)RedisKeys.OverrideField(change.Id)!;
            Policies.Remove(field);
            if (change.After is { } after)
            {
                Policies.Add(field, OverrideDocument.WriteWithVersion(after));
            }
        }

        return bytes;
    }

    /// <summary>The number of overrides among <see cref="Policies"/>.</summary>
    public int CountOverrides() =>
        Policies.Keys.Count(field => RedisKeys.ParseOverrideField(field) is not null);

    /// <summary>
    /// The version of a policy, or of its deletion if it was deleted, or of an override; 0 when nothing is known about it.
    /// </summary>
    private long VersionOf(string field)
    {
        if (Policies.TryGetValue(field, out var policy))
        {
            var text = (string)policy!;
            return long.Parse(
                text.AsSpan(0, text.IndexOf(' ', StringComparison.Ordinal)),
                CultureInfo.InvariantCulture
            );
        }

        return (long?)Deleted.GetValueOrDefault(field, RedisValue.Null) ?? 0;
    }
}
