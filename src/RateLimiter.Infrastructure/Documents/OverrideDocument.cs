using System.Globalization;
using System.Text.Json;
using RateLimiter.Domain;
using RateLimiter.Domain.Overrides;

namespace RateLimiter.Infrastructure.Documents;

/// <summary>An override as JSON, without its version, which is stored beside it.</summary>
internal sealed record OverrideDocument(
    string Id,
    string Subject,
    string Match,
    OverrideMatchType MatchType,
    string? RouteKey,
    string? Role,
    OverrideEffect Effect,
    IReadOnlyDictionary<string, long>? Limits,
    DateTimeOffset? ExpiresAt,
    string? Reason,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string? UpdatedBy
)
{
    public static OverrideDocument From(Override it)
    {
        var definition = it.Definition;
        return new(
            it.Id,
            definition.Subject,
            definition.Match,
            definition.MatchType,
            definition.RouteKey,
            definition.Role,
            definition.Effect,
            definition.Limits,
            definition.ExpiresAt,
            definition.Reason,
            it.CreatedAt,
            it.UpdatedAt,
            it.UpdatedBy
        );
    }

    public static string Write(Override it) =>
        JsonSerializer.Serialize(From(it), DocumentJson.Default.OverrideDocument);

    /// <summary>A field of the policy hash in Redis: the version, a space, and the document.</summary>
    public static string WriteWithVersion(Override it) =>
        string.Create(CultureInfo.InvariantCulture, $"{it.Version} {Write(it)}");

    /// <summary>Reads what <see cref="WriteWithVersion"/> writes.</summary>
    public static Override Parse(string value)
    {
        var space = value.IndexOf(' ', StringComparison.Ordinal);
        return Read(
            value.AsSpan(space + 1),
            long.Parse(value.AsSpan(0, space), CultureInfo.InvariantCulture)
        );
    }

    public static Override Read(ReadOnlySpan<char> json, long version) =>
        JsonSerializer
            .Deserialize(json, DocumentJson.Default.OverrideDocument)!
            .ToOverride(version);

    public Override ToOverride(long version) =>
        new(
            Id,
            new OverrideDefinition(
                // One shared object for all overrides of users: there can be thousands in memory.
                Subject == Names.UserSubject
                    ? Names.UserSubject
                    : Subject,
                Match,
                MatchType,
                RouteKey,
                Role,
                Effect,
                Limits,
                ExpiresAt,
                Reason
            ),
            version,
            CreatedAt,
            UpdatedAt,
            UpdatedBy
        );
}
