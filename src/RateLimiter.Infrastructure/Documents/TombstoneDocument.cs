using System.Text.Json;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Infrastructure.Documents;

/// <summary>The policy version that a deletion creates.</summary>
internal sealed record TombstoneDocument(DateTimeOffset At, string? By)
{
    public static string Write(DateTimeOffset at, string? by) =>
        JsonSerializer.Serialize(
            new TombstoneDocument(at, by),
            DocumentJson.Default.TombstoneDocument
        );

    public static PolicyVersion Read(ReadOnlySpan<char> json, long version)
    {
        var document = JsonSerializer.Deserialize(json, DocumentJson.Default.TombstoneDocument)!;
        return new PolicyVersion(version, document.At, document.By, Policy: null);
    }
}
