using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>How the client library behaves, whatever it connects to.</summary>
internal static class ClientSettings
{
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(10);

    // The client detects its time-outs and lost connections on its heartbeat.
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Adds them to options that say where to connect.</summary>
    public static void ApplyTo(ConfigurationOptions options)
    {
        options.AbortOnConnectFail = false;
        options.ConnectTimeout = (int)RedisLink.ConnectTimeout.TotalMilliseconds;
        options.ConnectRetry = 1;
        options.ReconnectRetryPolicy = new LinearRetry(
            (int)RedisLink.ReconnectInterval.TotalMilliseconds
        );
        // This time-out goes by the wall clock, and exists for calls that no caller waits for any more.
        options.AsyncTimeout = (int)ResponseTimeout.TotalMilliseconds;
        options.HeartbeatInterval = HeartbeatInterval;
        // While there is no connection, fail at once instead of queueing until it times out.
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.IncludeDetailInExceptions = false;
        // Otherwise the client library does not ask a cluster for its layout.
        options.AllowAdmin = true;
        // The service does not use the tie breaker. The library needs some channel, or it connects for messages later;
        // its user has rights to channels with this prefix.
        options.TieBreaker = "";
        options.ConfigurationChannel = $"{RedisKeys.InvalidationChannel}:configuration";
        // A name may resolve to another address when a connection is made again.
        options.ResolveDns = false;
    }
}
