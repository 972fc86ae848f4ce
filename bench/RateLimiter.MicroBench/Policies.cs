using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.MicroBench;

internal static class Policies
{
    /// <summary>The plan of a check of cost 1 under such a policy.</summary>
    public static CheckPlan PlanOf(string route, int limits) =>
        new(new Subject(new ClientId("bench"), "user", RouteKey: null), Of(route, limits), Cost: 1);

    /// <summary>A policy of fixed windows.</summary>
    public static Policy Of(string route, int limits) =>
        Policy.Create(
            new PolicyDefinition(
                PolicyKey.Create(route, role: null),
                [
                    .. Enumerable
                        .Range(1, limits)
                        .Select(minutes =>
                            RateLimit.Create(
                                $"{minutes}",
                                Algorithm.FixedWindow,
                                10,
                                TimeSpan.FromMinutes(minutes)
                            )
                        ),
                ],
                Description: null,
                IsActive: true,
                PolicyMode.Enforce
            ),
            DateTimeOffset.UnixEpoch
        );
}
