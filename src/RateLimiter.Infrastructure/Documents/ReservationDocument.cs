using System.Text.Json;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Infrastructure.Documents;

/// <summary>What is stored about an open reservation, so that any instance can settle it.</summary>
/// <param name="UserId">The user; null when none is named.</param>
/// <param name="RouteKey">The route that was asked for.</param>
/// <param name="Role">The role that was asked for.</param>
/// <param name="Subjects">The other subjects; null when there are none.</param>
/// <param name="Slots">Its slots.</param>
/// <param name="MadeAt">When it was made, by the clock of the instance, in milliseconds since 1970.</param>
/// <param name="Counters">The keys of its counters.</param>
/// <param name="Limits">The limit of each, as check.lua reads it, should the policy not have it any more.</param>
internal sealed record ReservationDocument(
    string? UserId,
    string RouteKey,
    string Role,
    IReadOnlyDictionary<string, string>? Subjects,
    long Slots,
    long MadeAt,
    IReadOnlyList<string> Counters,
    IReadOnlyList<string> Limits
)
{
    public byte[] Write() =>
        JsonSerializer.SerializeToUtf8Bytes(this, DocumentJson.Default.ReservationDocument);

    public static ReservationDocument Read(ReadOnlyMemory<byte> json) =>
        JsonSerializer.Deserialize(json.Span, DocumentJson.Default.ReservationDocument)!;

    /// <summary>The check that was asked for, without its cost.</summary>
    public Check ToCheck() =>
        new(UserId!, RouteKey, Role, Cost: 0) { Subjects = SubjectValues.Of(Subjects) };
}
