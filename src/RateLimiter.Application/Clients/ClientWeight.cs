using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Clients;

/// <summary>
/// Estimates the memory of a client, in bytes: objects as a 64-bit runtime lays them out, with their slots in tables. A test
/// compares it with the figures of the garbage collector.
/// </summary>
internal static class ClientWeight
{
    // An entry of the directory, its slots there, and a recently accepted key.
    private const int PerClient = 1024;

    // The object, its entry in the table with the hash for a key, and that entry's bucket.
    private const int PerKey = 192;

    // The policy, its definition, the list of its limits, its entry in the table with the names, and that entry's bucket.
    private const int PerPolicy = 280;

    // The object, and its slot in the list.
    private const int PerLimit = 88;

    // The override, its definition, its entries in the table and in the index with the group there, and their buckets.
    private const int PerOverride = 432;

    // A dictionary of the permits of limits, and an entry of it.
    private const int PerPermits = 216;
    private const int PerLimitPermits = 32;

    public static long Of(ClientSnapshot client) =>
        PerClient
        + client.Keys.Keys.Sum(Of)
        + client.Policies.Policies.Sum(Of)
        + client.Overrides.Overrides.Sum(Of);

    private static long Of(ClientKey key) => PerKey + Of(key.Id) + Of(key.Prefix) + Of(key.Name);

    private static long Of(Policy policy)
    {
        var bytes =
            PerPolicy
            + Of(policy.Key.RouteKey)
            + Of(policy.Key.Role)
            + Of(policy.Definition.Description)
            + Of(policy.UpdatedBy);
        foreach (var limit in policy.Limits)
        {
            bytes += PerLimit + Of(limit.Name) + Of(limit.Epoch);
        }

        return bytes;
    }

    private static long Of(Override it)
    {
        var definition = it.Definition;
        var bytes =
            PerOverride
            + Of(it.Id)
            + Of(it.UpdatedBy)
            + Of(definition.Match)
            + Of(definition.RouteKey)
            + Of(definition.Role)
            + Of(definition.Reason);
        return definition.Limits is { } limits
            ? bytes + PerPermits + limits.Keys.Sum(name => PerLimitPermits + Of(name))
            : bytes;
    }

    // Default names are the same object everywhere.
    private static long Of(string? text) =>
        text is null
        || ReferenceEquals(text, PolicyKey.DefaultRole)
        || ReferenceEquals(text, Limit.DefaultName)
            ? 0
            : (22 + (2L * text.Length) + 7) & ~7;
}
