using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Checks;

/// <summary>The decision on a check.</summary>
/// <param name="Allowed">Whether the check is allowed; if so, its permits are consumed.</param>
/// <param name="Granted">
/// The permits that the caller may use: the cost when allowed, or fewer with a min_cost; 0 when denied.
/// </param>
/// <param name="Remaining">The remaining permits, never negative.</param>
/// <param name="ResetIn">Seconds until all permits are replenished, rounded up.</param>
/// <param name="ResetsAt">
/// When the period of a calendar limit ends, with the offset of its time zone; null when the figures are of another limit.
/// </param>
/// <param name="Reason">Why the check is denied, "Blocked" by an override; null when allowed, unless the policy is inactive or none of its limits applies.</param>
/// <param name="Limit">The permits per window of the limit that these figures describe.</param>
/// <param name="Capacity">The maximum of remaining permits: the burst of a bucket, otherwise the limit.</param>
/// <param name="RetryAfter">
/// Seconds until the same check passes, rounded up; null when allowed, or when waiting does not help.
/// </param>
/// <param name="RetryAfterMs">The same in milliseconds.</param>
/// <param name="MatchedRole">The role of the policy that decided.</param>
/// <param name="MatchedRoute">The route of the policy that decided; "*" for the catch-all policy.</param>
/// <param name="ShadowDenied">Allowed only because the policy is in shadow mode.</param>
/// <param name="Degraded">
/// Decided without the store, which did not answer, according to the policy's on_store_failure.
/// </param>
/// <param name="Violated">The names of the limits that denied the check, also in shadow mode.</param>
/// <param name="OverrideId">The override that decided or changed the limits; null when none did.</param>
public record DecisionResponse(
    bool Allowed,
    long Granted,
    long Remaining,
    long ResetIn,
    DateTimeOffset? ResetsAt,
    string? Reason,
    long Limit,
    long Capacity,
    long? RetryAfter,
    long? RetryAfterMs,
    string MatchedRole,
    string MatchedRoute,
    bool ShadowDenied,
    bool Degraded,
    IReadOnlyList<string> Violated,
    string? OverrideId
)
{
    // By hand, because a mapper costs more than the check itself.
    internal static DecisionResponse From(Decision decision) =>
        new(
            decision.Allowed,
            decision.Granted,
            decision.Remaining,
            decision.ResetIn.RoundUp(TimeSpan.TicksPerSecond),
            decision.ResetsAt,
            decision.Reason,
            decision.Limit,
            decision.Capacity,
            decision.RetryAfter?.RoundUp(TimeSpan.TicksPerSecond),
            decision.RetryAfter?.RoundUp(TimeSpan.TicksPerMillisecond),
            decision.Policy.Key.Role,
            decision.Policy.Key.RouteKey,
            decision.ShadowDenied,
            decision.Degraded,
            decision.Violated,
            decision.OverrideId
        );
}
