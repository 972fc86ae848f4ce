using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Checks;

/// <summary>A user, the route they call, and how many permits the call costs.</summary>
/// <param name="UserId">The user to check, 1 to 256 characters.</param>
/// <param name="RouteKey">The route that the user calls, 1 to 128 characters.</param>
/// <param name="Role">The user's role, 1 to 128 characters; omitted, null and "default" are the same.</param>
/// <param name="Cost">The number of permits, 0 to 1,000,000,000; 0 consumes nothing.</param>
public sealed record CheckRequest(
    string? UserId,
    string? RouteKey,
    string? Role,
    long Cost = CheckRules.DefaultCost
)
{
    /// <summary>The validation errors, or null when there are none.</summary>
    internal Dictionary<string, string[]>? Validate() =>
        CheckRules.Validate(UserId, RouteKey, Role, Cost);

    internal Check ToCheck() => new(UserId!, RouteKey!, Role ?? PolicyKey.DefaultRole, Cost);
}
