using RateLimiter.Domain.Checks;

namespace RateLimiter.IntegrationTests.Redis.Connection;

/// <summary>Makes lines of the log. Only this class knows how they are put together.</summary>
internal static class LogLines
{
    /// <summary>The line of a check that was allowed.</summary>
    public static LoggedDecision Logged(string user, long remaining = 1) =>
        new(
            DateTimeOffset.UnixEpoch,
            user,
            "route",
            "default",
            "default",
            Allowed: true,
            ShadowDenied: false,
            Degraded: false,
            Reason: null,
            Cost: 1,
            remaining,
            Limit: 10,
            Capacity: 10
        );
}
