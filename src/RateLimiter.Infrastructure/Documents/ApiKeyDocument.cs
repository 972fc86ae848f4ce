using System.Text.Json;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Infrastructure.Documents;

/// <summary>What is stored about an API key, beside its hash.</summary>
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
            DocumentJson.Default.ApiKeyDocument
        );

    public static ClientKey Read(string hash, string json)
    {
        var document = JsonSerializer.Deserialize(json, DocumentJson.Default.ApiKeyDocument)!;
        return new ClientKey(
            document.Id,
            KeyHash.Parse(hash),
            document.Prefix,
            document.Name,
            document.ToScopes(),
            document.CreatedAt,
            document.LifetimeSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            document.ExpiresAt
        );
    }

    /// <summary>A scope that only a later version knows grants nothing here.</summary>
    public Scopes ToScopes() =>
        ScopeRules.TryParse(Scopes, out var scopes) ? scopes : Domain.Keys.Scopes.None;
}
