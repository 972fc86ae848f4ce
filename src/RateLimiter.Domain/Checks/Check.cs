namespace RateLimiter.Domain.Checks;

/// <param name="UserId">The user asked about.</param>
/// <param name="RouteKey">What the user wants to do.</param>
/// <param name="Role">The user's role.</param>
/// <param name="Cost">How many permits it takes; 0 only looks.</param>
public readonly record struct Check(string UserId, string RouteKey, string Role, long Cost);
