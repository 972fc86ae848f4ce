using System.Globalization;
using System.Text.Json;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Infrastructure.Documents;

/// <summary>A policy as JSON, without its version, which is stored beside it.</summary>
internal sealed record PolicyDocument(
    string RouteKey,
    string Role,
    IReadOnlyList<LimitDocument> Limits,
    string? Description,
    bool IsActive,
    PolicyMode Mode,
    StoreFailureMode? OnStoreFailure,
    ExpiryAction? OnExpiry,
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
            policy.Definition.OnExpiry,
            policy.CreatedAt,
            policy.UpdatedAt,
            policy.UpdatedBy
        );

    public static string Write(Policy policy) =>
        JsonSerializer.Serialize(From(policy), DocumentJson.Default.PolicyDocument);

    /// <summary>Reads a field of the policy hash in Redis: the version, a space, and the document.</summary>
    public static Policy Parse(string value)
    {
        var space = value.IndexOf(' ', StringComparison.Ordinal);
        return Read(
            value.AsSpan(space + 1),
            long.Parse(value.AsSpan(0, space), CultureInfo.InvariantCulture)
        );
    }

    public static Policy Read(ReadOnlySpan<char> json, long version) =>
        JsonSerializer.Deserialize(json, DocumentJson.Default.PolicyDocument)!.ToPolicy(version);

    public Policy ToPolicy(long version) =>
        new(
            new PolicyDefinition(
                new PolicyKey(
                    RouteKey,
                    // One shared object for all policies whose limits have no chosen names: there can be thousands in
                    // memory.
                    Role == PolicyKey.DefaultRole
                        ? PolicyKey.DefaultRole
                        : Role
                ),
                [.. Limits.Select(limit => limit.ToLimit())],
                Description,
                IsActive,
                Mode,
                OnStoreFailure,
                OnExpiry
            ),
            version,
            CreatedAt,
            UpdatedAt,
            UpdatedBy
        );
}
