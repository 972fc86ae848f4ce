using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

/// <summary>
/// Tells which counters were given permits back or reset, on whichever instance. The scripts that do so publish their
/// names, so that no counter changes unheard. Messages can be lost all the same: this instance publishes to itself, and
/// while it does not hear that, nothing is taken for heard.
/// </summary>
internal sealed class CounterNews(RedisConnection connection, TimeProvider time) : BackgroundService
{
    /// <summary>The longest that a message can be lost without <see cref="IsHeard"/> being false.</summary>
    internal static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan PingInterval = MaxSilence / 4;
    private static readonly RedisChannel Channel = RedisChannel.Literal(RedisKeys.FreedCounters);

    private readonly RedisChannel pings = RedisChannel.Literal(
        $"{RedisKeys.FreedCounters}:{Guid.NewGuid():N}"
    );
    private long heard = long.MinValue;

    /// <summary>Called with the name of a counter that may have permits again.</summary>
    public event Action<string>? Freed;

    /// <summary>Called when names may have been missed.</summary>
    public event Action? Missed;

    /// <summary>Whether every name that was published more than <see cref="MaxSilence"/> ago has arrived.</summary>
    public bool IsHeard
    {
        get
        {
            var at = Interlocked.Read(ref heard);
            return at != long.MinValue && time.GetElapsedTime(at) < MaxSilence;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await connection.SubscribeAsync(
            Channel,
            name => Freed?.Invoke(name!),
            () => Missed?.Invoke(),
            stoppingToken
        );
        await connection.SubscribeAsync(
            pings,
            sent => Interlocked.Exchange(ref heard, (long)sent),
            // A ping that is missed is not heard, and that is all.
            missed: () => { },
            stoppingToken
        );
        var subscriber = (await connection.Connected).GetSubscriber();

        using var timer = new PeriodicTimer(PingInterval, time);
        do
        {
            try
            {
                await subscriber.PublishAsync(
                    pings,
                    time.GetTimestamp(),
                    CommandFlags.FireAndForget
                );
            }
            catch (RedisException)
            {
                // There is no connection: nothing is heard, which is what this is there to find out.
            }
        } while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
