using RateLimiter.Domain;
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
    long Cost = CheckRequest.DefaultCost
)
{
    /// <summary>The cost of a check when it is omitted.</summary>
    internal const long DefaultCost = 1;

    /// <summary>
    /// The validation errors, or null when there are none. Written by hand, because validation by attributes or validators
    /// costs more than the check itself.
    /// </summary>
    internal Dictionary<string, string[]>? Validate()
    {
        Dictionary<string, string[]>? errors = null;
        Add("user_id", Names.Problem(UserId, Names.MaxUserLength));
        Add("route_key", Names.Problem(RouteKey, Names.MaxRouteLength));
        Add("role", Role is null ? null : Names.Problem(Role, Names.MaxRoleLength));
        Add(
            "cost",
            Cost is < 0 or > Limit.MaxPermits ? $"must be from 0 to {Limit.MaxPermits}" : null
        );
        return errors;

        void Add(string field, string? problem)
        {
            if (problem is not null)
            {
                (errors ??= []).Add(field, [problem]);
            }
        }
    }

    internal Check ToCheck() => new(UserId!, RouteKey!, Role ?? PolicyKey.DefaultRole, Cost);
}
