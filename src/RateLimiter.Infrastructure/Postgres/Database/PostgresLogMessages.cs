using Microsoft.Extensions.Logging;

namespace RateLimiter.Infrastructure.Postgres.Database;

internal static partial class PostgresLogMessages
{
    [LoggerMessage(
        51,
        LogLevel.Warning,
        "PostgreSQL does not answer; nothing can be changed until it does: {Reason}"
    )]
    public static partial void DatabaseUnavailable(this ILogger logger, string reason);

    [LoggerMessage(52, LogLevel.Information, "PostgreSQL answers again")]
    public static partial void DatabaseBack(this ILogger logger);

    [LoggerMessage(53, LogLevel.Error, "PostgreSQL answered with an error ({State}): {Message}")]
    public static partial void DatabaseRepliedWithAnError(
        this ILogger logger,
        string state,
        string message
    );

    [LoggerMessage(
        58,
        LogLevel.Information,
        "PostgreSQL is being migrated, and nothing can be changed until it is: {What}"
    )]
    public static partial void DatabaseMigrating(this ILogger logger, string what);

    [LoggerMessage(54, LogLevel.Information, "PostgreSQL is up to date: {What}")]
    public static partial void DatabaseMigrated(this ILogger logger, string what);

    [LoggerMessage(
        55,
        LogLevel.Error,
        "PostgreSQL cannot be used, and nothing can be changed: {Reason}"
    )]
    public static partial void DatabaseUnusable(this ILogger logger, string reason);

    [LoggerMessage(
        56,
        LogLevel.Information,
        "{Count} entries of the audit trail were older than {Days} days and are deleted"
    )]
    public static partial void AuditPruned(this ILogger logger, long count, int days);

    [LoggerMessage(
        57,
        LogLevel.Warning,
        "Audit:RetentionDays is {Wanted}, but the database keeps entries for {Kept} days until the command migrate is run"
    )]
    public static partial void RetentionDiffers(this ILogger logger, int wanted, int kept);
}
