using Microsoft.AspNetCore.Mvc.ModelBinding;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Checks;

/// <param name="UserId" example="alice">The user asked about, 1 to 256 characters.</param>
/// <param name="RouteKey" example="search">What the user wants to do, 1 to 128 characters.</param>
/// <param name="Role" example="free">The user's role, 1 to 128 characters; left out, null and "default" are the same.</param>
/// <param name="Cost" example="1">How many permits it takes, 0 to 1,000,000,000; 0 only looks.</param>
public sealed record CheckRequest(string? UserId, string? RouteKey, string? Role, long Cost = 1)
{
    // By hand, because validation by attributes or validators costs more than the check itself.
    internal void Validate(ModelStateDictionary faults)
    {
        Add("user_id", Names.Problem(UserId, Names.MaxUserLength));
        Add("route_key", Names.Problem(RouteKey, Names.MaxRouteLength));
        Add("role", Role is null ? null : Names.Problem(Role, Names.MaxRoleLength));
        Add(
            "cost",
            Cost is < 0 or > Limit.MaxPermits ? $"must be from 0 to {Limit.MaxPermits}" : null
        );

        void Add(string field, string? problem)
        {
            if (problem is not null)
            {
                faults.AddModelError(field, problem);
            }
        }
    }
}
