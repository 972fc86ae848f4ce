using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Stores;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// Publishes and receives messages through the store. Subscriptions move to the connections that are used.
/// </summary>
internal sealed class RedisMessages
{
    private readonly RedisLink link;
    private readonly TimeSpan timeout;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly ConcurrentBag<(
        RedisChannel Channel,
        Action<RedisValue> Handle
    )> subscriptions = [];
    private readonly BackgroundLoop subscribing;
    private volatile string? refusal;

    /// <param name="link">The connections.</param>
    /// <param name="timeout">The longest wait for a reply.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Logs what fails in the background.</param>
    public RedisMessages(RedisLink link, TimeSpan timeout, TimeProvider time, ILogger logger)
    {
        this.link = link;
        this.timeout = timeout;
        this.time = time;
        this.logger = logger;
        subscribing = new BackgroundLoop("The subscription to messages", time, logger);
        link.Used += SubscribeAgain;
    }

    /// <summary>Why Redis does not let this user publish or receive messages; null when it does.</summary>
    public string? Refusal => refusal;

    /// <summary>Records that messages are published and received.</summary>
    public void Accept() => refusal = null;

    /// <summary>
    /// Subscribes to a channel from now on, and again after the connection was <see cref="RedisLink.Interrupted"/>, to
    /// any server that it is then made to. Waits for the store to be available.
    /// </summary>
    public async Task SubscribeAsync(
        RedisChannel channel,
        Action<RedisValue> handle,
        CancellationToken cancellationToken
    )
    {
        await link.Connected.WaitAsync(cancellationToken);
        subscriptions.Add((channel, handle));
        // Without the right to subscribe it is tried until the connection is closed, for which a stop does not wait.
        await ListenAsync(link.Current!, channel, handle).WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Publishes to all subscribers of <see cref="RedisKeys.InvalidationChannel"/>, if there is a connection.
    /// </summary>
    public async Task PublishAsync(RedisValue message)
    {
        try
        {
            if (link.Current is { } multiplexer)
            {
                await multiplexer
                    .GetSubscriber()
                    .PublishAsync(RedisChannel.Literal(RedisKeys.InvalidationChannel), message)
                    .WaitAsync(timeout, time, link.Stopping);
            }
        }
        catch (RedisServerException exception) when (StoreReason.IsDenial(exception.Message))
        {
            Refuse(exception);
        }
        catch (Exception exception)
            when (exception
                    is RedisException
                        or TimeoutException
                        or ObjectDisposedException
                        or OperationCanceledException
            )
        {
            // No subscriber receives it.
        }
    }

    private void SubscribeAgain()
    {
        foreach (var (channel, handle) in subscriptions)
        {
            _ = ListenAsync(link.Current!, channel, handle);
        }
    }

    // Until other connections are used. While the store is unavailable, the monitor reports it.
    private async Task ListenAsync(
        IConnectionMultiplexer multiplexer,
        RedisChannel channel,
        Action<RedisValue> handle
    )
    {
        while (
            ReferenceEquals(multiplexer, link.Current)
            && !link.Stopping.IsCancellationRequested
            && !await subscribing.TryAsync(
                _ => SubscribeOnceAsync(multiplexer, channel, handle),
                default
            )
        )
        {
            await Task.Delay(RedisLink.ReconnectInterval, time);
        }
    }

    private async Task SubscribeOnceAsync(
        IConnectionMultiplexer multiplexer,
        RedisChannel channel,
        Action<RedisValue> handle
    )
    {
        try
        {
            var queue = await multiplexer.GetSubscriber().SubscribeAsync(channel);
            // The client library would swallow an exception of a handler.
            queue.OnMessage(message =>
                subscribing.TryAsync(
                    _ =>
                    {
                        handle(message.Message);
                        return Task.CompletedTask;
                    },
                    default
                )
            );
        }
        catch (Exception exception)
            when (exception is RedisException or TimeoutException or ObjectDisposedException)
        {
            if (StoreReason.IsDenial(exception.Message))
            {
                Refuse(exception);
            }

            throw new StoreUnavailableException(
                "The subscription to the channel is not possible yet.",
                exception
            );
        }
    }

    private void Refuse(Exception exception)
    {
        if (refusal is null)
        {
            refusal = StoreReason.Of(exception).Text;
            logger.MessagesRefused(refusal);
        }
    }
}
