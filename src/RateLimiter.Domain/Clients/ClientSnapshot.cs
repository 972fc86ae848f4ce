using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Clients;

/// <summary>Everything a check needs to know of a client, as it was at one version.</summary>
/// <param name="Id">The client.</param>
/// <param name="Version">Grows with every change of the client's keys or policies.</param>
/// <param name="Keys">The client's keys.</param>
/// <param name="Policies">The client's policies.</param>
public sealed record ClientSnapshot(ClientId Id, long Version, KeyRing Keys, PolicyTable Policies)
{
    /// <summary>Grows with every change of the client's policies. Of a snapshot that was loaded.</summary>
    public long PoliciesVersion { get; init; }
}

/// <summary>A client as it is when it registers.</summary>
/// <param name="Id">The client.</param>
/// <param name="Name">The name its owner gave, 1 to 100 characters; need not be unique.</param>
/// <param name="Key">Its first key.</param>
/// <param name="CreatedAt">When, UTC.</param>
public sealed record NewClient(ClientId Id, string Name, ClientKey Key, DateTimeOffset CreatedAt)
{
    /// <summary>What is known of it then.</summary>
    public ClientSnapshot ToSnapshot() =>
        new(Id, Version: 1, new KeyRing([Key]), new PolicyTable([]));
}
