using RateLimiting.Client.Generated;

namespace RateLimiting.Client;

/// <summary>What is asked: may this user do this now?</summary>
/// <param name="UserId">The user, 1 to 256 characters.</param>
/// <param name="RouteKey">What the user wants to do, 1 to 128 characters.</param>
/// <param name="Role">The user's role, 1 to 128 characters; null is the default role.</param>
/// <param name="Cost">How many permits it takes, 0 to 1,000,000,000; 0 only looks.</param>
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

/// <summary>The answer to one check of a batch: a decision, or why there is none.</summary>
/// <param name="Decision">The decision.</param>
/// <param name="Problem">Why there is none, such as that no policy applies.</param>
public sealed record RateLimitResult(RateLimitDecision? Decision, RateLimiterProblem? Problem)
{
    internal static RateLimitResult From(CheckBatchResult? answer) =>
        answer is null ? new(null, null)
        : RateLimitDecision.From(answer) is { } decision ? new(decision, null)
        : new(null, RateLimiterProblem.Parse(answer.Error?.ToString()));
}
