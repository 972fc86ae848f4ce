using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Logs;

/// <summary>Names one log of one client.</summary>
internal readonly record struct LogId(ClientId Client, ClientLog Log)
{
    /// <summary>The list of its entries.</summary>
    public RedisKey Key => RedisKeys.Log(Client, Log);

    /// <summary>The prefix of the fields of the client's hash that hold the position of the log.</summary>
    public RedisValue Field => RedisKeys.LogField(Log);
}
