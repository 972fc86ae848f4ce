using Microsoft.Extensions.Logging;

namespace RateLimiter.Infrastructure.Redis.Connection;

internal static partial class RedisLogMessages
{
    [LoggerMessage(
        11,
        LogLevel.Warning,
        "The store does not answer{Shard}, and is not asked until it does: {Reason}"
    )]
    public static partial void StoreUnavailable(this ILogger logger, string shard, string reason);

    [LoggerMessage(12, LogLevel.Information, "The store answers again{Shard}")]
    public static partial void StoreBack(this ILogger logger, string shard);

    [LoggerMessage(
        13,
        LogLevel.Warning,
        "The connections to the store were stale and are replaced: {Reason}"
    )]
    public static partial void ConnectionsRenewed(this ILogger logger, string reason);

    [LoggerMessage(
        17,
        LogLevel.Error,
        "The store has no memory left{Shard}, and keeps nothing new until it has: maxmemory of Redis is reached"
    )]
    public static partial void StoreFull(this ILogger logger, string shard);

    [LoggerMessage(18, LogLevel.Information, "The store has memory again{Shard}")]
    public static partial void StoreHasRoom(this ILogger logger, string shard);

    [LoggerMessage(
        19,
        LogLevel.Warning,
        "Instances receive each other's changes a second late, because {Reason}"
    )]
    public static partial void MessagesRefused(this ILogger logger, string reason);

    [LoggerMessage(
        20,
        LogLevel.Error,
        "The store refuses what the service needs, because {Reason}"
    )]
    public static partial void RightMissing(this ILogger logger, string reason);

    [LoggerMessage(14, LogLevel.Error, "The store answered with an error: {Message}")]
    public static partial void StoreRepliedWithAnError(this ILogger logger, string message);

    [LoggerMessage(
        15,
        LogLevel.Warning,
        "{Count} decisions were dropped from the log, which cannot be written as fast as they are made"
    )]
    public static partial void DecisionsDropped(this ILogger logger, long count);

    [LoggerMessage(
        16,
        LogLevel.Warning,
        "{Count} checks are missing from the analytics: the store did not answer before the service stopped"
    )]
    public static partial void ChecksNotCounted(this ILogger logger, long count);
}
