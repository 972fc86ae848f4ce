using RateLimiter.Domain.Checks;

namespace RateLimiter.IntegrationTests.Redis.Connection;

/// <summary>Creates entries of the decision log. Only this class knows how they are built.</summary>
internal static class LogLines
{
    /// <summary>The entry of an allowed check.</summary>
    public static LogEntry Logged(string user, long remaining = 1) =>
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
