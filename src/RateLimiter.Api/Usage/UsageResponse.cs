using RateLimiter.Api.Checks;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Usage;

/// <summary>What a check of cost 1 would be answered now, and what is used.</summary>
/// <param name="Allowed">Whether the user may.</param>
/// <param name="Remaining" example="6">The permits that such a check would leave.</param>
/// <param name="ResetIn" example="60">Seconds until all permits would be back, rounded up.</param>
/// <param name="Reason">Why not; null when allowed, unless the policy is inactive.</param>
/// <param name="Limit" example="10">The limit that <paramref name="Remaining"/> is left of.</param>
/// <param name="RetryAfter">Seconds until such a check passes, rounded up; null when it does, or when no wait helps.</param>
/// <param name="RetryAfterMs">The same in milliseconds.</param>
/// <param name="MatchedRole" example="default">The role of the policy that applies.</param>
/// <param name="MatchedRoute" example="search">The route of the policy that applies; "*" is the catch-all's.</param>
/// <param name="ShadowDenied">Allowed only because the policy is in shadow mode.</param>
/// <param name="Violated">The names of the limits that say no, also in shadow mode.</param>
/// <param name="Used" example="3">The permits in use now of <paramref name="Limit"/>, rounded up.</param>
/// <param name="Limits">The same for each limit of the policy.</param>
public sealed record UsageResponse(
    bool Allowed,
    long Remaining,
    long ResetIn,
    string? Reason,
    long Limit,
    long? RetryAfter,
    long? RetryAfterMs,
    string MatchedRole,
    string MatchedRoute,
    bool ShadowDenied,
    IReadOnlyList<string> Violated,
    long Used,
    IReadOnlyList<LimitUsageResponse> Limits
)
{
    internal static UsageResponse From(Decision decision)
    {
        var answer = DecisionResponse.From(decision);
        return new UsageResponse(
            answer.Allowed,
            answer.Remaining,
            answer.ResetIn,
            answer.Reason,
            answer.Limit,
            answer.RetryAfter,
            answer.RetryAfterMs,
            answer.MatchedRole,
            answer.MatchedRoute,
            answer.ShadowDenied,
            answer.Violated,
            decision.Used,
            [
                .. decision.Policy.Limits.Zip(
                    decision.Statuses,
                    (limit, status) =>
                        new LimitUsageResponse(
                            limit.Name,
                            limit.Permits,
                            status.Used,
                            status.Remaining,
                            TimeSpan.FromMicroseconds(status.Reset).RoundUp(TimeSpan.TicksPerSecond)
                        )
                ),
            ]
        );
    }
}

/// <param name="Name" example="default">The limit.</param>
/// <param name="Limit" example="10">Its permits per window.</param>
/// <param name="Used" example="3">Those in use now, rounded up.</param>
/// <param name="Remaining" example="6">Those that a check of cost 1 would leave.</param>
/// <param name="ResetIn" example="60">Seconds until all would be back, rounded up.</param>
public sealed record LimitUsageResponse(
    string Name,
    long Limit,
    long Used,
    long Remaining,
    long ResetIn
);
