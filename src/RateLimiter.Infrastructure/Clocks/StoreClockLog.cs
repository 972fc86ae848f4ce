using Microsoft.Extensions.Logging;

namespace RateLimiter.Infrastructure.Clocks;

internal static partial class StoreClockLog
{
    [LoggerMessage(
        19,
        LogLevel.Warning,
        "This process was not scheduled for {Stalled:0.0} s within {Interval} s while it waited for its store: "
            + "it has too little processor time. Responses exceed Store:TimeoutMs by as much"
    )]
    public static partial void ProcessStalls(this ILogger logger, double stalled, double interval);
}
