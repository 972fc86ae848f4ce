using System.Diagnostics.CodeAnalysis;

namespace RateLimiter.Domain.Checks;

/// <summary>What an entry of a log is about.</summary>
public enum LogEntryKind
{
    /// <summary>A check was decided.</summary>
    Decision,

    /// <summary>Permits were given back.</summary>
    Refund,

    /// <summary>Counters were reset.</summary>
    Reset,

    /// <summary>A reservation was settled, and its cost is known.</summary>
    Commit,

    /// <summary>A reservation was given up, and its permits were given back.</summary>
    Release,
}

/// <summary>One entry of a client's logs: a decision, or a change of counters that no check made.</summary>
/// <param name="DecidedAt">The time of the decision or the change, by the store's clock, UTC.</param>
/// <param name="UserId">The user that was checked; <see cref="NoUser"/> where a change named none.</param>
/// <param name="RouteKey">The requested route.</param>
/// <param name="Role">The requested role.</param>
/// <param name="MatchedRole">The role of the policy that decided.</param>
/// <param name="Allowed">The verdict; true for a change.</param>
/// <param name="ShadowDenied">Allowed only because the policy is in shadow mode.</param>
/// <param name="Degraded">Decided without the store.</param>
/// <param name="Reason">The reason, as the caller received it.</param>
/// <param name="Cost">The requested permits, or those that were given back.</param>
/// <param name="Remaining">The permits that remained afterwards.</param>
/// <param name="Limit">The limit that <paramref name="Remaining"/> refers to.</param>
/// <param name="Capacity">The most permits that can remain of it; null in entries that are older than this field.</param>
public readonly record struct LogEntry(
    DateTimeOffset DecidedAt,
    string UserId,
    string RouteKey,
    string Role,
    string MatchedRole,
    bool Allowed,
    bool ShadowDenied,
    bool Degraded,
    string? Reason,
    long Cost,
    long Remaining,
    long Limit,
    long? Capacity
)
{
    /// <summary>No user has an empty id.</summary>
    public const string NoUser = "";

    /// <summary>What the entry is about.</summary>
    public LogEntryKind Kind { get; init; }

    /// <summary>The names and values of the subjects other than the user; null when there are none.</summary>
    public SubjectValues? Subjects { get; init; }

    /// <summary>The permits that were granted, if neither all nor none were; else null.</summary>
    public long? PartialGrant { get; init; }

    /// <summary>The permits that the caller may use of the cost, or that a change gave back.</summary>
    public long Granted => PartialGrant ?? (Allowed ? Cost : 0);

    /// <summary>The id of the override that decided; null when none did.</summary>
    public string? OverrideId { get; init; }

    /// <summary>The beginning of the id of the reservation, which cannot settle it; null for a check.</summary>
    public string? ReservationId { get; init; }

    /// <summary>The fewest permits with which the caller was content; null for the whole cost.</summary>
    public long? MinCost { get; init; }

    /// <summary>The name of the only limit that was reset; null for all.</summary>
    public string? ResetLimit { get; init; }

    /// <summary>How the permits of a reservation are held; null when it holds none in the store.</summary>
    public ReservationTerms? Terms { get; init; }

    /// <summary>The permits that a settlement gave back; null for anything else.</summary>
    public long? Released { get; init; }

    /// <summary>Whether the reservation that was settled had expired.</summary>
    public bool IsLate { get; init; }

    /// <summary>Whether the reservation that was settled goes on.</summary>
    public bool IsHeld { get; init; }

    /// <summary>What was asked.</summary>
    public Check ToCheck() =>
        new(UserId, RouteKey, Role, Cost) { Subjects = Subjects, MinCost = MinCost };

    /// <summary>The entry for a decided check.</summary>
    /// <param name="check">The check.</param>
    /// <param name="decision">The decision.</param>
    /// <param name="terms">How its permits are held; null when they are taken for good.</param>
    public static LogEntry From(Check check, Decision decision, ReservationTerms? terms = null) =>
        new(
            decision.DecidedAt,
            check.UserId,
            check.RouteKey,
            check.Role,
            decision.Policy.Key.Role,
            decision.Allowed,
            decision.ShadowDenied,
            decision.Degraded,
            decision.Reason,
            check.Cost,
            decision.Remaining,
            decision.Limit,
            decision.Capacity
        )
        {
            Subjects = check.Subjects,
            MinCost = check.MinCost < check.Cost ? check.MinCost : null,
            PartialGrant =
                decision.Allowed && decision.Granted != check.Cost ? decision.Granted : null,
            ReservationId = BeginningOf(decision.ReservationId),
            Terms = terms,
            OverrideId = decision.OverrideId,
        };

    /// <summary>The entry for a change of counters.</summary>
    /// <param name="kind">The kind of change.</param>
    /// <param name="check">Whose counters they are, and the permits.</param>
    /// <param name="state">The state of the counters afterwards.</param>
    public static LogEntry OfChange(LogEntryKind kind, Check check, Decision state) =>
        From(check, state) with
        {
            Kind = kind,
            Allowed = true,
            ShadowDenied = false,
            Reason = null,
            PartialGrant = null,
        };

    /// <summary>The beginning of the id of a reservation, which cannot settle it.</summary>
    [return: NotNullIfNotNull(nameof(reservationId))]
    public static string? BeginningOf(string? reservationId) => reservationId?[..8];

    /// <summary>
    /// Whether the entry matches all filters; a filter that is null matches everything. A change has no verdict. Of subjects,
    /// the entry has all that the filter names, and may have others.
    /// </summary>
    public bool Matches(
        string? userId,
        string? routeKey,
        bool? allowed,
        SubjectValues? subjects = null
    ) =>
        (userId is null || UserId == userId)
        && (routeKey is null || RouteKey == routeKey)
        && (allowed is null || Kind == LogEntryKind.Decision && Allowed == allowed)
        && (subjects is null || Subjects?.Includes(subjects) == true);
}
