using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

internal static partial class RedisLogMessages
{
    [LoggerMessage(
        11,
        LogLevel.Warning,
        "The store cannot be reached yet; requests are answered with 503 until it can"
    )]
    public static partial void StoreNotThereYet(this ILogger logger);

    [LoggerMessage(12, LogLevel.Warning, "The connection to the store was lost: {Failure}")]
    public static partial void StoreLost(this ILogger logger, ConnectionFailureType failure);

    [LoggerMessage(13, LogLevel.Information, "The connection to the store is back")]
    public static partial void StoreRestored(this ILogger logger);

    [LoggerMessage(14, LogLevel.Error, "The store answered with an error: {Message}")]
    public static partial void StoreAnsweredWithAnError(this ILogger logger, string message);

    [LoggerMessage(
        15,
        LogLevel.Warning,
        "{Count} decisions were left out of the log, which cannot be written as fast as they are made"
    )]
    public static partial void DecisionsDropped(this ILogger logger, long count);
}
