using RateLimiter.Domain.Checks;

namespace RateLimiter.Infrastructure.Documents;

/// <summary>
/// A stored log entry, as any version wrote it. Members of later versions are ignored, those of the first are always there.
/// </summary>
internal sealed record LogEntryDocument(
    DateTimeOffset DecidedAt,
    string? UserId,
    string? RouteKey,
    string? Role,
    string? MatchedRole,
    bool Allowed,
    bool ShadowDenied,
    bool Degraded,
    string? Reason,
    long Cost,
    long Remaining,
    long Limit,
    long? Capacity,
    string? Kind,
    Dictionary<string, string>? Subjects,
    long? Granted,
    string? OverrideId,
    string? ReservationId,
    long? MinCost,
    string? ResetLimit
)
{
    private const string Decision = "decision";
    private const string Refund = "refund";
    private const string Reset = "reset";
    private const string Commit = "commit";
    private const string Release = "release";

    /// <summary>The name of a kind in the store.</summary>
    public static string NameOf(LogEntryKind kind) =>
        kind switch
        {
            LogEntryKind.Decision => Decision,
            LogEntryKind.Refund => Refund,
            LogEntryKind.Reset => Reset,
            LogEntryKind.Commit => Commit,
            LogEntryKind.Release => Release,
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };

    /// <summary>The entry; null when it is of a kind that this version does not know, or no entry at all.</summary>
    public LogEntry? ToEntry() =>
        (UserId, RouteKey, Role, MatchedRole, KindOf(Kind))
            is ({ } user, { } route, { } role, { } matchedRole, { } kind)
            ? new LogEntry(
                DecidedAt,
                user,
                route,
                role,
                matchedRole,
                Allowed,
                ShadowDenied,
                Degraded,
                Reason,
                Cost,
                Remaining,
                Limit,
                Capacity
            )
            {
                Kind = kind,
                Subjects = SubjectValues.Of(Subjects),
                PartialGrant = Granted,
                OverrideId = OverrideId,
                ReservationId = ReservationId,
                MinCost = MinCost,
                ResetLimit = ResetLimit,
            }
            : null;

    private static LogEntryKind? KindOf(string? name) =>
        name switch
        {
            null or Decision => LogEntryKind.Decision,
            Refund => LogEntryKind.Refund,
            Reset => LogEntryKind.Reset,
            Commit => LogEntryKind.Commit,
            Release => LogEntryKind.Release,
            _ => null,
        };
}
