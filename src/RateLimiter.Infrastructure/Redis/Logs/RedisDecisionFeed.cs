using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Logs;

/// <summary>
/// Polls the logs instead of publishing entries: a message can be lost, and publishing would make every decision more
/// expensive, even when no one follows the log.
/// </summary>
internal sealed class RedisDecisionFeed(RedisConnection connection, RedisDecisionLog log)
    : IDecisionFeed
{
    /// <summary>The number of values in the reply before the entries.</summary>
    private const int HeaderLength = 3;

    private static readonly RedisScript Read = RedisScript.Load("read_log");

    public event Action<ClientId>? Written
    {
        add => log.Written += value;
        remove => log.Written -= value;
    }

    public Task FlushAsync(ClientId client, CancellationToken cancellationToken) =>
        log.FlushAsync(cancellationToken);

    public async Task<LogSegment> ReadAsync(
        ClientId client,
        ClientLog log,
        long? after,
        CancellationToken cancellationToken
    )
    {
        var id = new LogId(client, log);
        var reply = (RedisResult[])
            (
                await connection.AskAsync(
                    id.Key,
                    database =>
                        Read.EvaluateAsync(
                            database,
                            [RedisKeys.Client(client), id.Key],
                            [id.Field, after ?? RedisValue.EmptyString]
                        ),
                    connection.AdministrativeTimeout,
                    cancellationToken
                )
            )!;
        return new LogSegment(
            (long)reply[0],
            (long)reply[1],
            (int)reply[2],
            [.. reply.Skip(HeaderLength).Select(entry => LogEntryJson.Read((byte[])entry!))]
        );
    }
}
