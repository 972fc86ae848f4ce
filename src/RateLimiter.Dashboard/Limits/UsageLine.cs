using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Limits;

/// <summary>The usage of one limit by a user.</summary>
/// <param name="Name">The name of the limit.</param>
/// <param name="Used">Permits in use now.</param>
/// <param name="Capacity">The maximum of permits in use.</param>
/// <param name="Remaining">The remaining permits.</param>
/// <param name="ResetIn">The time until all permits are replenished.</param>
public sealed record UsageLine(
    string Name,
    long Used,
    long Capacity,
    long Remaining,
    TimeSpan ResetIn
)
{
    /// <summary>The used share, 0 to 1.</summary>
    public double Share => Capacity == 0 ? 1 : Math.Min(1, (double)Used / Capacity);

    public static IReadOnlyList<UsageLine> Of(Decision decision) =>
        [
            .. decision.Limits.Zip(
                decision.Statuses,
                (limit, status) =>
                    new UsageLine(
                        limit.Name,
                        status.Used,
                        limit.Capacity,
                        status.Remaining,
                        TimeSpan.FromMicroseconds(status.Reset)
                    )
            ),
        ];
}

/// <summary>A policy, and a route that it counts: a catch-all counts many.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Route">Null for a catch-all of which no route is known.</param>
public sealed record UsageSubject(Policy Policy, string? Route)
{
    /// <summary>Every policy with its route, and a catch-all with each of the routes that were checked under it.</summary>
    /// <param name="policies">All policies of a client.</param>
    /// <param name="asked">Routes that were checked, and the roles of those checks.</param>
    public static IEnumerable<UsageSubject> Of(
        IReadOnlyList<Policy> policies,
        IReadOnlyCollection<PolicyKey> asked
    )
    {
        var table = new PolicyTable(policies);
        var routes = asked
            .Where(key => !key.IsCatchAll)
            .ToLookup(
                key => CheckPlanner.FindPolicy(table, key.RouteKey, key.Role),
                key => key.RouteKey
            );
        return policies.SelectMany(policy =>
            policy.Key.IsCatchAll
                ? routes[policy]
                    .Distinct()
                    .DefaultIfEmpty(null)
                    .Select(route => new UsageSubject(policy, route))
                : [new UsageSubject(policy, policy.Key.RouteKey)]
        );
    }

    /// <summary>The same for one route, under every policy that counts it.</summary>
    public static IEnumerable<UsageSubject> OfRoute(IReadOnlyList<Policy> policies, string route) =>
        Of(
                policies,
                [
                    .. policies
                        .Where(policy => policy.Key.IsCatchAll)
                        .Select(policy => new PolicyKey(route, policy.Key.Role)),
                ]
            )
            .Where(subject => subject.Route == route);
}
