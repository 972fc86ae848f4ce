using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Dashboard.Limits;

/// <summary>What a user has used of one limit.</summary>
/// <param name="Name">The limit's.</param>
/// <param name="Used">Permits in use now.</param>
/// <param name="Capacity">The most that can be.</param>
/// <param name="ResetIn">Until all of them are back.</param>
public sealed record UsageLine(string Name, long Used, long Capacity, TimeSpan ResetIn)
{
    /// <summary>Not that of the status, which is what a check would leave.</summary>
    public long Remaining => Math.Max(0, Capacity - Used);

    /// <summary>Used, of 0 to 1.</summary>
    public double Share => Capacity == 0 ? 1 : Math.Min(1, (double)Used / Capacity);

    public static IReadOnlyList<UsageLine> Of(Decision decision) =>
        [
            .. decision.Policy.Limits.Zip(
                decision.Statuses,
                (limit, status) =>
                    new UsageLine(
                        limit.Name,
                        status.Used,
                        limit.Capacity,
                        status.Used == 0 ? TimeSpan.Zero : TimeSpan.FromMicroseconds(status.Reset)
                    )
            ),
        ];
}

/// <summary>A policy, and a route that it counts for: of a catch-all there are many.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Route">Null for a catch-all of which no route was named.</param>
public sealed record UsageSubject(Policy Policy, string? Route)
{
    /// <summary>
    /// Every policy with its route; a catch-all with each of the routes that have none of their own for its role, or with
    /// none.
    /// </summary>
    public static IEnumerable<UsageSubject> Of(
        IReadOnlyList<Policy> policies,
        IReadOnlyCollection<string> routes
    )
    {
        var table = new PolicyTable(policies);
        foreach (var policy in policies)
        {
            if (!policy.Key.IsCatchAll)
            {
                yield return new UsageSubject(policy, policy.Key.RouteKey);
                continue;
            }

            var counted = routes
                .Where(route => table.Resolve(route, policy.Key.Role) == policy)
                .ToList();
            foreach (var route in counted)
            {
                yield return new UsageSubject(policy, route);
            }

            if (counted is [])
            {
                yield return new UsageSubject(policy, null);
            }
        }
    }
}
