using Microsoft.Extensions.Logging;

namespace RateLimiter.Infrastructure.Embedded;

internal static partial class EmbeddedLogMessages
{
    [LoggerMessage(
        21,
        LogLevel.Warning,
        "The data in {Directory} lacks the last {Bytes} bytes that were written, as after a crash of the machine"
    )]
    public static partial void EmbeddedStoreTorn(this ILogger logger, string directory, long bytes);

    [LoggerMessage(
        22,
        LogLevel.Error,
        "The embedded store cannot write to {Directory}: {Reason}. It replies to nothing until there is room to write and the service is started again"
    )]
    public static partial void EmbeddedStoreCannotWrite(
        this ILogger logger,
        string directory,
        string reason
    );

    [LoggerMessage(
        24,
        LogLevel.Error,
        "The embedded store is full: its data takes up {Used} of {Max} bytes (Embedded:MaxBytes). It stores nothing new until there is room again; nothing is lost"
    )]
    public static partial void EmbeddedStoreFull(this ILogger logger, long used, long max);

    [LoggerMessage(
        25,
        LogLevel.Information,
        "The embedded store has room again: its data takes up {Used} of {Max} bytes"
    )]
    public static partial void EmbeddedStoreHasRoom(this ILogger logger, long used, long max);
}
