using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Logs;

/// <summary>Reads logs in parts, so that the store serves others in between.</summary>
internal sealed class LogReader(RedisConnection connection)
{
    /// <summary>The number of values in the reply before the entries.</summary>
    private const int HeaderLength = 4;

    private static readonly RedisScript Read = RedisScript.Load("read_log");

    /// <summary>Reads entries, oldest first.</summary>
    /// <param name="log">The log.</param>
    /// <param name="after">The id after which it reads; null to read only the position of the log, without entries.</param>
    /// <param name="newest">How many of the newest entries there are for the reader; older ones count as not kept.</param>
    /// <param name="count">The most entries that are read.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task<LogPage> ReadAsync(
        LogId log,
        long? after,
        int newest,
        int count,
        CancellationToken cancellationToken
    )
    {
        var reply = (RedisResult[])
            (
                await connection.AskAsync(
                    log.Key,
                    database =>
                        Read.EvaluateAsync(
                            database,
                            [RedisKeys.Client(log.Client), log.Key],
                            [log.Field, after ?? RedisValue.EmptyString, newest, count]
                        ),
                    connection.AdministrativeTimeout,
                    cancellationToken
                )
            )!;
        return new LogPage(
            (long)reply[0],
            (long)reply[1],
            (int)reply[2],
            DateTimeOffset.FromUnixTimeMilliseconds((long)reply[3]),
            [.. reply.Skip(HeaderLength).Select(entry => LogEntryJson.Read((byte[])entry!))]
        );
    }
}

/// <summary>Some entries of a log, with the position of the whole log at the same moment.</summary>
/// <param name="Start">The id before the first entry that the log ever had.</param>
/// <param name="Cut">The id before the first entry that it still has.</param>
/// <param name="Length">The number of entries that it has.</param>
/// <param name="ClientCreatedAt">When its client was created.</param>
/// <param name="Entries">The entries, oldest first; null for one that this version cannot read.</param>
internal sealed record LogPage(
    long Start,
    long Cut,
    int Length,
    DateTimeOffset ClientCreatedAt,
    IReadOnlyList<LogEntry?> Entries
)
{
    /// <summary>The id of the last entry of the log.</summary>
    public long End => Cut + Length;
}
