using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Policies;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Postgres.Clients;

/// <summary>Everything that a store without PostgreSQL holds about a client, as rows of the database.</summary>
/// <param name="Client">Its row.</param>
/// <param name="Keys">Its keys.</param>
/// <param name="Policies">The last version of each policy.</param>
/// <param name="Versions">All versions that are still known.</param>
internal sealed record StoredClient(
    ClientRow Client,
    IReadOnlyList<KeyRow> Keys,
    IReadOnlyList<PolicyRow> Policies,
    IReadOnlyList<PolicyVersionRow> Versions
)
{
    /// <summary>Its overrides.</summary>
    public required IReadOnlyList<OverrideRow> Overrides { get; init; }

    /// <summary>Reads a consistent snapshot of a client; null when the client was deleted.</summary>
    public static async Task<StoredClient?> FindAsync(
        IDatabase database,
        RateLimiter.Domain.ClientId client
    )
    {
        var snapshot = database.CreateTransaction();
        var fields = snapshot.HashGetAllAsync(RedisKeys.Client(client));
        var keys = snapshot.HashGetAllAsync(RedisKeys.ApiKeys(client));
        var policies = snapshot.HashGetAllAsync(RedisKeys.Policies(client));
        var deleted = snapshot.HashGetAllAsync(RedisKeys.DeletedPolicies(client));
        var versions = snapshot.HashGetAllAsync(RedisKeys.PolicyVersions(client));
        await snapshot.ExecuteAsync(CommandFlags.DemandMaster);
        var known = (await fields).ToDictionary(field => $"{field.Name}", field => field.Value);
        if (!known.ContainsKey("version"))
        {
            return null;
        }

        var id = client.Value;
        var isOverride = (await policies).ToLookup(entry =>
            RedisKeys.ParseOverrideField(entry.Name!) is not null
        );
        var current = isOverride[false]
            .Select(entry => PolicyDocument.Parse(entry.Value!))
            .ToList();
        return new StoredClient(
            new ClientRow
            {
                Id = id,
                Name = known["name"]!,
                CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds((long)known["created_at"]),
                Version = Number("version"),
                KeysVersion = Number("keys_version"),
                PoliciesVersion = Number("policies_version"),
                PolicyBytes = Number("policy_bytes"),
            },
            [.. (await keys).Select(entry => KeyOf(id, entry.Name!, entry.Value!))],
            [
                .. current.Select(policy => RowOf(id, policy.Key, policy.Version, policy)),
                .. (await deleted).Select(entry =>
                    RowOf(
                        id,
                        RedisKeys.ParsePolicyField(entry.Name!),
                        (long)entry.Value,
                        policy: null
                    )
                ),
            ],
            [
                .. (await versions).Select(entry => VersionOf(id, entry.Name!, entry.Value!)),
                .. current.Select(policy => VersionOf(id, policy.Key, PolicyVersion.Of(policy))),
            ]
        )
        {
            Overrides =
            [
                .. isOverride[true]
                    .Select(entry => RowOf(id, OverrideDocument.Parse(entry.Value!))),
            ],
        };

        long Number(string name) => known.TryGetValue(name, out var value) ? (long)value : 0;
    }

    private static KeyRow KeyOf(string client, string hash, string document) =>
        new()
        {
            ClientId = client,
            Hash = Convert.FromHexString(hash),
            Id = ApiKeyDocument.Read(hash, document).Id,
            Document = document,
        };

    private static PolicyRow RowOf(string client, PolicyKey key, long version, Policy? policy) =>
        new()
        {
            ClientId = client,
            RouteKey = key.RouteKey,
            Role = key.Role,
            Version = version,
            Document = policy is null ? null : PolicyDocument.Write(policy),
        };

    private static OverrideRow RowOf(string client, Override it) =>
        new()
        {
            ClientId = client,
            Id = it.Id,
            Version = it.Version,
            Document = OverrideDocument.Write(it),
        };

    private static PolicyVersionRow VersionOf(string client, string field, string value)
    {
        var space = field.IndexOf(' ', StringComparison.Ordinal);
        var number = long.Parse(
            field.AsSpan(0, space),
            System.Globalization.CultureInfo.InvariantCulture
        );
        return VersionOf(
            client,
            RedisKeys.ParsePolicyField(field[(space + 1)..]),
            RedisPolicyRepository.ParseVersion(number, value)
        );
    }

    private static PolicyVersionRow VersionOf(
        string client,
        PolicyKey key,
        PolicyVersion version
    ) =>
        new()
        {
            ClientId = client,
            RouteKey = key.RouteKey,
            Role = key.Role,
            Version = version.Version,
            At = version.At.ToUniversalTime(),
            By = version.By,
            Document = version.Policy is null ? null : PolicyDocument.Write(version.Policy),
        };
}
