using RateLimiter.Domain.Policies;

namespace RateLimiter.MicroBench;

internal static class Policies
{
    /// <summary>A policy of fixed windows.</summary>
    public static Policy Of(string route, int limits) =>
        Policy.Create(
            new PolicyDefinition(
                PolicyKey.Create(route, role: null),
                [
                    .. Enumerable
                        .Range(1, limits)
                        .Select(minutes => Limit.Create(
                            $"{minutes}",
                            Algorithm.FixedWindow,
                            10,
                            TimeSpan.FromMinutes(minutes)
                        )),
                ],
                Description: null,
                IsActive: true,
                PolicyMode.Enforce
            ),
            DateTimeOffset.UnixEpoch
        );
}
