using RateLimiter.Application.Sessions;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Sessions;

/// <summary>In Redis even with PostgreSQL: losing them only makes people sign in again.</summary>
internal sealed class RedisSessions(RedisConnection connection) : ISessions
{
    public Task OpenAsync(string id, TimeSpan lifetime, CancellationToken cancellationToken) =>
        AskAsync(
            id,
            (database, key) => database.StringSetAsync(key, 1, lifetime),
            cancellationToken
        );

    public Task<bool> IsOpenAsync(string id, CancellationToken cancellationToken) =>
        AskAsync(
            id,
            (database, key) => database.KeyExistsAsync(key, CommandFlags.DemandMaster),
            cancellationToken
        );

    public Task EndAsync(string id, CancellationToken cancellationToken) =>
        AskAsync(id, (database, key) => database.KeyDeleteAsync(key), cancellationToken);

    private Task<bool> AskAsync(
        string id,
        Func<IDatabase, RedisKey, Task<bool>> ask,
        CancellationToken cancellationToken
    )
    {
        var key = RedisKeys.Session(id);
        return connection.AskAsync(
            key,
            database => ask(database, key),
            connection.AdministrativeTimeout,
            cancellationToken
        );
    }
}
