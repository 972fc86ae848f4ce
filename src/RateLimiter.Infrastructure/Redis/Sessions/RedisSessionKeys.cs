using RateLimiter.Application.Sessions;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Sessions;

/// <summary>In Redis even with PostgreSQL: losing them only makes people sign in again.</summary>
internal sealed class RedisSessionKeys(RedisConnection connection) : ISessionKeys
{
    private static readonly RedisScript Add = RedisScript.Load("add_session_keys");

    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        var keys = await connection.AskAsync(
            RedisKeys.SessionKeys,
            database =>
                database.ListRangeAsync(RedisKeys.SessionKeys, flags: CommandFlags.DemandMaster),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        return [.. keys.Select(key => (string)key!)];
    }

    public async Task<bool> TryAddAsync(
        IReadOnlyList<string> keys,
        int known,
        CancellationToken cancellationToken
    ) =>
        (bool)
            await connection.WriteAsync(
                RedisKeys.SessionKeys,
                database =>
                    Add.EvaluateAsync(
                        database,
                        [RedisKeys.SessionKeys],
                        [known, .. keys.Select(key => (RedisValue)key)]
                    ),
                cancellationToken
            );
}
