using System.Text.Json;
using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Logs;

/// <summary>
/// Polls the logs instead of publishing decisions: a message can be lost, and publishing would make every decision more
/// expensive, even when no one follows the log.
/// </summary>
internal sealed class RedisDecisionFeed(RedisConnection connection, RedisDecisionLog log)
    : IDecisionFeed
{
    /// <summary>The number of values in the reply before the decisions.</summary>
    private const int HeaderLength = 3;

    private static readonly RedisScript Read = RedisScript.Load("read_log");

    public event Action<ClientId>? Written
    {
        add => log.Written += value;
        remove => log.Written -= value;
    }

    public Task FlushAsync(ClientId client, CancellationToken cancellationToken) =>
        log.FlushAsync(client, cancellationToken);

    public async Task<LogSegment> ReadAsync(
        ClientId client,
        long? after,
        CancellationToken cancellationToken
    )
    {
        var reply = (RedisResult[])
            (
                await connection.AskAsync(
                    RedisKeys.Log(client),
                    database =>
                        Read.EvaluateAsync(
                            database,
                            [RedisKeys.Client(client), RedisKeys.Log(client)],
                            [after ?? RedisValue.EmptyString]
                        ),
                    connection.AdministrativeTimeout,
                    cancellationToken
                )
            )!;
        return new LogSegment(
            (long)reply[0],
            (long)reply[1],
            (int)reply[2],
            [.. reply.Skip(HeaderLength).Select(Parse)]
        );
    }

    private static LoggedDecision Parse(RedisResult value) =>
        JsonSerializer.Deserialize((byte[])value!, DocumentJson.Default.LoggedDecision)!;
}
