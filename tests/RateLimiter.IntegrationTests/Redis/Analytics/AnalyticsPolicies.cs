using RateLimiter.Domain.Policies;

namespace RateLimiter.IntegrationTests.Redis.Analytics;

/// <summary>Creates the policies that decide.</summary>
internal static class AnalyticsPolicies
{
    public static Policy Of(string route, string role = "free", params string[] per) =>
        Policy.Create(
            new PolicyDefinition(
                new PolicyKey(route, role),
                [
                    RateLimit.Create(
                        "default",
                        Algorithm.FixedWindow,
                        10,
                        TimeSpan.FromMinutes(1),
                        null
                    ) with
                    {
                        Per = [.. per],
                    },
                ],
                null,
                IsActive: true,
                PolicyMode.Enforce,
                null
            ),
            DateTimeOffset.UnixEpoch
        );
}
