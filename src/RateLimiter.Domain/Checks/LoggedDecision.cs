namespace RateLimiter.Domain.Checks;

/// <summary>One line of a client's decision log.</summary>
/// <param name="DecidedAt">When, by the store's clock, UTC.</param>
/// <param name="UserId">The user asked about.</param>
/// <param name="RouteKey">The route asked for.</param>
/// <param name="Role">The role asked for.</param>
/// <param name="MatchedRole">The role of the policy that decided.</param>
/// <param name="Allowed">The verdict.</param>
/// <param name="ShadowDenied">Allowed only because the policy is in shadow mode.</param>
/// <param name="Degraded">Decided without the store.</param>
/// <param name="Reason">Why, as the caller was told.</param>
/// <param name="Cost">The permits asked for.</param>
/// <param name="Remaining">The permits left after it.</param>
/// <param name="Limit">The limit that they are permits of.</param>
/// <param name="Capacity">The most that can be left of it; null in lines from before this was logged.</param>
public sealed record LoggedDecision(
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
    /// <summary>The line for a check that was decided.</summary>
    public static LoggedDecision From(Check check, Decision decision) =>
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
        );

    /// <summary>Whether it is what is looked for; what is null may be anything.</summary>
    public bool Matches(string? userId, string? routeKey, bool? allowed) =>
        (userId is null || UserId == userId)
        && (routeKey is null || RouteKey == routeKey)
        && (allowed is null || Allowed == allowed);
}
