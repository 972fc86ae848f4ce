using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Checks;

/// <summary>The answer to a check.</summary>
/// <param name="Allowed">Whether the user may; the permits are taken if so.</param>
/// <param name="Remaining">The permits left, never negative.</param>
/// <param name="ResetIn">Seconds until all permits are back, rounded up.</param>
/// <param name="Reason">Why not; null when allowed, unless the policy is inactive.</param>
/// <param name="Limit">The permits per window of the limit that these figures are of.</param>
/// <param name="Capacity">The most permits that can be left at once: the burst of a bucket, else the limit.</param>
/// <param name="RetryAfter">Seconds until the same check passes, rounded up; null when allowed, or when no wait helps.</param>
/// <param name="RetryAfterMs">The same in milliseconds.</param>
/// <param name="MatchedRole">The role of the policy that decided.</param>
/// <param name="MatchedRoute">The route of the policy that decided; "*" is the catch-all's.</param>
/// <param name="ShadowDenied">Allowed only because the policy is in shadow mode.</param>
/// <param name="Degraded">Decided without the store, which did not answer, as the policy's on_store_failure says.</param>
/// <param name="Violated">The names of the limits that said no, also in shadow mode.</param>
public record DecisionResponse(
    bool Allowed,
    long Remaining,
    long ResetIn,
    string? Reason,
    long Limit,
    long Capacity,
    long? RetryAfter,
    long? RetryAfterMs,
    string MatchedRole,
    string MatchedRoute,
    bool ShadowDenied,
    bool Degraded,
    IReadOnlyList<string> Violated
)
{
    // By hand, because a mapper costs more than the check itself.
    internal static DecisionResponse From(Decision decision) =>
        new(
            decision.Allowed,
            decision.Remaining,
            decision.ResetIn.RoundUp(TimeSpan.TicksPerSecond),
            decision.Reason,
            decision.Limit,
            decision.Capacity,
            decision.RetryAfter?.RoundUp(TimeSpan.TicksPerSecond),
            decision.RetryAfter?.RoundUp(TimeSpan.TicksPerMillisecond),
            decision.Policy.Key.Role,
            decision.Policy.Key.RouteKey,
            decision.ShadowDenied,
            decision.Degraded,
            decision.Violated
        );
}
