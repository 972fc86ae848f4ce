using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Checks;

/// <summary>A user, what he wants to do, and how many permits it takes.</summary>
/// <param name="UserId">The user asked about, 1 to 256 characters.</param>
/// <param name="RouteKey">What the user wants to do, 1 to 128 characters.</param>
/// <param name="Role">The user's role, 1 to 128 characters; left out, null and "default" are the same.</param>
/// <param name="Cost">How many permits, 0 to 1,000,000,000; 0 takes nothing.</param>
public sealed record CheckRequest(
    string? UserId,
    string? RouteKey,
    string? Role,
    long Cost = CheckRequest.DefaultCost
)
{
    /// <summary>What a check takes when its cost is left out.</summary>
    internal const long DefaultCost = 1;

    /// <summary>
    /// What is wrong with the fields, or null when nothing is. By hand, because validation by attributes or validators
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
