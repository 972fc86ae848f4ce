using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

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
    string? ResetLimit,
    long? TtlMs,
    long? Slots,
    string? OnExpiry,
    long? Released,
    bool Late,
    bool Held
)
{
    private const string Decision = "decision";
    private const string Refund = "refund";
    private const string Reset = "reset";
    private const string Commit = "commit";
    private const string Release = "release";
    private const string Charge = "charge";

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

    /// <summary>The name in the store of what becomes of an expired reservation; null when the policy says it.</summary>
    public static string? NameOf(ExpiryAction? action) =>
        action switch
        {
            null => null,
            ExpiryAction.Release => Release,
            ExpiryAction.Charge => Charge,
            _ => throw new ArgumentOutOfRangeException(nameof(action)),
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
                Terms = TtlMs is { } ttl
                    ? new ReservationTerms(
                        TimeSpan.FromMilliseconds(ttl),
                        Slots ?? 1,
                        OnExpiry switch
                        {
                            null => null,
                            Charge => ExpiryAction.Charge,
                            _ => ExpiryAction.Release,
                        }
                    )
                    : null,
                Released = Released,
                IsLate = Late,
                IsHeld = Held,
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
