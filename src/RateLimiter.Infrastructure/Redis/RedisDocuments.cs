using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Logs;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Infrastructure.Redis;

/// <summary>What is kept as JSON in the store.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    UseStringEnumConverter = true
)]
[JsonSerializable(typeof(ApiKeyDocument))]
[JsonSerializable(typeof(PolicyDocument))]
[JsonSerializable(typeof(LoggedDecision))]
[JsonSerializable(typeof(DeletionDocument))]
internal sealed partial class RedisJson : JsonSerializerContext;

/// <summary>What is kept of an API key, beside its hash.</summary>
internal sealed record ApiKeyDocument(
    string Id,
    string Prefix,
    string Name,
    IReadOnlyList<string> Scopes,
    DateTimeOffset CreatedAt,
    long? LifetimeSeconds,
    DateTimeOffset? ExpiresAt
)
{
    public static string Write(ClientKey key) =>
        JsonSerializer.Serialize(
            new ApiKeyDocument(
                key.Id,
                key.Prefix,
                key.Name,
                key.Scopes.ToNames(),
                key.CreatedAt,
                (long?)key.Lifetime?.TotalSeconds,
                key.ExpiresAt
            ),
            RedisJson.Default.ApiKeyDocument
        );

    public static ClientKey Read(string hash, string json)
    {
        var document = JsonSerializer.Deserialize(json, RedisJson.Default.ApiKeyDocument)!;
        return new ClientKey(
            document.Id,
            KeyHash.Parse(hash),
            document.Prefix,
            document.Name,
            // A scope that only a later version knows is good for nothing here.
            ScopeRules.TryParse(document.Scopes, out var scopes)
                ? scopes
                : Domain.Keys.Scopes.None,
            document.CreatedAt,
            document.LifetimeSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            document.ExpiresAt
        );
    }
}

/// <summary>The value of a field of the hash of deletions, but for when it was noted, which stands before it.</summary>
internal sealed record DeletionDocument(Belongings Deleted, Actor Actor)
{
    public static string Write(ClientDeletion deletion) =>
        JsonSerializer.Serialize(
            new DeletionDocument(deletion.Deleted, deletion.Actor),
            RedisJson.Default.DeletionDocument
        );

    public static ClientDeletion Read(string client, string value)
    {
        var space = value.IndexOf(' ', StringComparison.Ordinal);
        var document = JsonSerializer.Deserialize(
            value.AsSpan(space + 1),
            RedisJson.Default.DeletionDocument
        )!;
        return new ClientDeletion(
            new ClientId(client),
            DateTimeOffset.FromUnixTimeMilliseconds(
                long.Parse(value.AsSpan(0, space), CultureInfo.InvariantCulture)
            ),
            document.Deleted,
            document.Actor
        );
    }
}

/// <summary>A policy, but for its version, which stands before it.</summary>
internal sealed record PolicyDocument(
    string RouteKey,
    string Role,
    IReadOnlyList<LimitDocument> Limits,
    string? Description,
    bool IsActive,
    PolicyMode Mode,
    StoreFailureMode? OnStoreFailure,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string? UpdatedBy
)
{
    public static PolicyDocument From(Policy policy) =>
        new(
            policy.Key.RouteKey,
            policy.Key.Role,
            [.. policy.Limits.Select(LimitDocument.From)],
            policy.Definition.Description,
            policy.Definition.IsActive,
            policy.Definition.Mode,
            policy.Definition.OnStoreFailure,
            policy.CreatedAt,
            policy.UpdatedAt,
            policy.UpdatedBy
        );

    /// <summary>Reads the value of a field of the hash of policies.</summary>
    public static Policy Parse(string value)
    {
        var space = value.IndexOf(' ', StringComparison.Ordinal);
        var document = JsonSerializer.Deserialize(
            value.AsSpan(space + 1),
            RedisJson.Default.PolicyDocument
        )!;
        return new Policy(
            new PolicyDefinition(
                new PolicyKey(document.RouteKey, document.Role),
                [.. document.Limits.Select(limit => limit.ToLimit())],
                document.Description,
                document.IsActive,
                document.Mode,
                document.OnStoreFailure
            ),
            long.Parse(value.AsSpan(0, space), System.Globalization.CultureInfo.InvariantCulture),
            document.CreatedAt,
            document.UpdatedAt,
            document.UpdatedBy
        );
    }
}

internal sealed record LimitDocument(
    string Name,
    Algorithm Algorithm,
    long Permits,
    int WindowSeconds,
    long? Burst,
    string Epoch
)
{
    public static LimitDocument From(Limit limit) =>
        new(
            limit.Name,
            limit.Algorithm,
            limit.Permits,
            (int)limit.Window.TotalSeconds,
            limit.Burst,
            limit.Epoch
        );

    public Limit ToLimit() =>
        new(Name, Algorithm, Permits, TimeSpan.FromSeconds(WindowSeconds), Burst) { Epoch = Epoch };
}
