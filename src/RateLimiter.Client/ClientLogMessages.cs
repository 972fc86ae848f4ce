using Microsoft.Extensions.Logging;

namespace RateLimiting.Client;

internal static partial class ClientLogMessages
{
    [LoggerMessage(
        1,
        LogLevel.Warning,
        "RateLimiter is unavailable; this is not logged again until it is back: {Reason}"
    )]
    public static partial void ServiceUnavailable(this ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Information, "RateLimiter is back")]
    public static partial void ServiceBack(this ILogger logger);
}
