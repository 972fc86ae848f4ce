using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Clients;

/// <summary>Everything that a check needs to know about a client, as of one version.</summary>
/// <param name="Id">The client.</param>
/// <param name="Version">Grows with every change of the client's keys, policies or overrides.</param>
/// <param name="Keys">The client's keys.</param>
/// <param name="Policies">The client's policies.</param>
public sealed record ClientSnapshot(ClientId Id, long Version, KeyRing Keys, PolicyTable Policies)
{
    /// <summary>The client's overrides.</summary>
    public OverrideTable Overrides { get; init; } = OverrideTable.Empty;

    /// <summary>Grows with every change of the client's policies or overrides. Set only in a snapshot that was loaded.</summary>
    public long PoliciesVersion { get; init; }
}

/// <summary>A client at registration.</summary>
/// <param name="Id">The client.</param>
/// <param name="Name">The name that its owner gave, 1 to 100 characters; need not be unique.</param>
/// <param name="Key">Its first key.</param>
/// <param name="CreatedAt">The time of the registration, UTC.</param>
public sealed record NewClient(ClientId Id, string Name, ClientKey Key, DateTimeOffset CreatedAt)
{
    /// <summary>The snapshot of the new client.</summary>
    public ClientSnapshot ToSnapshot() =>
        new(Id, Version: 1, new KeyRing([Key]), new PolicyTable([]));
}
