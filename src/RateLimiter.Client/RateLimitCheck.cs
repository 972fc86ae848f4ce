using RateLimiting.Client.Generated;

namespace RateLimiting.Client;

/// <summary>A check: may a user use a route now?</summary>
/// <param name="UserId">The user, 1 to 256 characters.</param>
/// <param name="RouteKey">The route that the user wants to use, 1 to 128 characters.</param>
/// <param name="Role">The user's role, 1 to 128 characters; null is the default role.</param>
/// <param name="Cost">The permits that the check takes, 0 to 1,000,000,000; 0 only reads the limits.</param>
public sealed record RateLimitCheck(
    string UserId,
    string RouteKey,
    string? Role = null,
    long Cost = 1
)
{
    internal CheckRequest ToRequest() =>
        new()
        {
            UserId = UserId,
            RouteKey = RouteKey,
            Role = Role,
            Cost = Cost,
        };
}

/// <summary>The result of one check of a batch: a decision, or the reason why there is none.</summary>
/// <param name="Decision">The decision.</param>
/// <param name="Problem">The reason why there is no decision, such as that no policy applies.</param>
public sealed record RateLimitResult(RateLimitDecision? Decision, RateLimiterProblem? Problem)
{
    internal static RateLimitResult From(CheckBatchResult? answer) =>
        answer is null ? new(null, null)
        : RateLimitDecision.From(answer) is { } decision ? new(decision, null)
        : new(null, RateLimiterProblem.Parse(answer.Error?.ToString()));
}
