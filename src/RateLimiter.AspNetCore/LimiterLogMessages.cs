using Microsoft.Extensions.Logging;

namespace RateLimiting.AspNetCore;

internal static partial class LimiterLogMessages
{
    [LoggerMessage(
        2,
        LogLevel.Error,
        "RateLimiter does not decide about {RouteKey}; this is not logged again until it does: {Reason}"
    )]
    public static partial void NoDecision(this ILogger log, string routeKey, string reason);

    [LoggerMessage(3, LogLevel.Information, "RateLimiter decides about {RouteKey} again")]
    public static partial void DecidesAgain(this ILogger log, string routeKey);
}
