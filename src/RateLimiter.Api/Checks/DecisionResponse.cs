using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Checks;

/// <summary>The answer to a check.</summary>
/// <param name="Allowed">Whether the user may; the permits are taken if so.</param>
/// <param name="Remaining" example="9">The permits left, never negative.</param>
/// <param name="ResetIn" example="60">Seconds until all permits are back, rounded up.</param>
/// <param name="Reason">Why not; null when allowed, unless the policy is inactive.</param>
/// <param name="Limit" example="10">The limit that <paramref name="Remaining"/> is left of.</param>
/// <param name="RetryAfter">Seconds until the same check passes, rounded up; null when allowed, or when no wait helps.</param>
/// <param name="RetryAfterMs">The same in milliseconds.</param>
/// <param name="MatchedRole" example="default">The role of the policy that decided.</param>
/// <param name="Violated">The names of the limits that said no.</param>
public sealed record DecisionResponse(
    bool Allowed,
    long Remaining,
    long ResetIn,
    string? Reason,
    long Limit,
    long? RetryAfter,
    long? RetryAfterMs,
    string MatchedRole,
    IReadOnlyList<string> Violated
)
{
    // By hand, because a mapper costs more than the check itself.
    internal static DecisionResponse From(Decision decision) =>
        new(
            decision.Allowed,
            decision.Remaining,
            RoundUp(decision.ResetIn, TimeSpan.TicksPerSecond),
            decision.Reason,
            decision.Limit,
            RoundUp(decision.RetryAfter, TimeSpan.TicksPerSecond),
            RoundUp(decision.RetryAfter, TimeSpan.TicksPerMillisecond),
            decision.Policy.Key.Role,
            decision.Violated
        );

    private static long RoundUp(TimeSpan duration, long unit) => (duration.Ticks + unit - 1) / unit;

    private static long? RoundUp(TimeSpan? duration, long unit) =>
        duration is { } known ? RoundUp(known, unit) : null;
}
