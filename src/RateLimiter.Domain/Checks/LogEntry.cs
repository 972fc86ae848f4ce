namespace RateLimiter.Domain.Checks;

/// <summary>One entry of a client's decision log.</summary>
/// <param name="DecidedAt">The time of the decision, by the store's clock, UTC.</param>
/// <param name="UserId">The user that was checked.</param>
/// <param name="RouteKey">The requested route.</param>
/// <param name="Role">The requested role.</param>
/// <param name="MatchedRole">The role of the policy that decided.</param>
/// <param name="Allowed">The verdict.</param>
/// <param name="ShadowDenied">Allowed only because the policy is in shadow mode.</param>
/// <param name="Degraded">Decided without the store.</param>
/// <param name="Reason">The reason, as the caller received it.</param>
/// <param name="Cost">The requested permits.</param>
/// <param name="Remaining">The permits that remained after the decision.</param>
/// <param name="Limit">The limit that <paramref name="Remaining"/> refers to.</param>
/// <param name="Capacity">The most permits that can remain of it; null in entries that are older than this field.</param>
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
    /// <summary>The entry for a decided check.</summary>
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

    /// <summary>Whether the entry matches all filters; a filter that is null matches everything.</summary>
    public bool Matches(string? userId, string? routeKey, bool? allowed) =>
        (userId is null || UserId == userId)
        && (routeKey is null || RouteKey == routeKey)
        && (allowed is null || Allowed == allowed);
}
