using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Stores;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// The client's connections to the store. They are established in the background, and replaced when sentinels name
/// another master or when they are stale (<see cref="ConnectionRenewal"/>). Subscriptions move to the new connections.
/// </summary>
/// <param name="timeout">The longest wait for a reply.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs what fails in the background.</param>
internal sealed class RedisLink(TimeSpan timeout, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    /// <summary>The delay before the next attempt to connect.</summary>
    public static readonly TimeSpan ReconnectInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>The time-out of establishing one connection.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    /// <summary>How often sentinels are asked: what is written to the old master after a failover is lost.</summary>
    private static readonly TimeSpan SentinelInterval = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(10);

    // The client detects its time-outs and lost connections on its heartbeat.
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromMilliseconds(100);

    private readonly TaskCompletionSource<IConnectionMultiplexer> connected = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly ConcurrentBag<(
        RedisChannel Channel,
        Action<RedisValue> Handle
    )> subscriptions = [];
    private readonly BackgroundLoop subscribing = new("The subscription to messages", time, logger);
    private readonly BackgroundLoop closing = new("The closing of old connections", time, logger);
    private readonly SemaphoreSlim making = new(1);
    private readonly CancellationTokenSource stopping = new();
    private Sentinels? sentinels;
    private EndPoint? master;
    private volatile Connections? used;
    private volatile string? refusal;
    private volatile RedisConnectionException? diagnosis;

    /// <summary>The connections to use now; null until the first are established.</summary>
    public IConnectionMultiplexer? Current => used?.Multiplexer;

    /// <summary>Why there are none yet, as far as it is known.</summary>
    public Exception? Hindrance => sentinels?.Failure;

    /// <summary>
    /// What <see cref="DiagnoseAsync"/> has found; null when it found nothing, or there is a connection.
    /// </summary>
    public RedisConnectionException? Diagnosis => diagnosis;

    /// <summary>Why Redis does not let this user publish or receive messages; null when it does.</summary>
    public string? Refusal => refusal;

    /// <summary>Completes when the first connections are established.</summary>
    public Task<IConnectionMultiplexer> Connected => connected.Task;

    /// <summary>Called when the connections in use have changed.</summary>
    public event Action? Used;

    /// <summary>Called when messages may have been lost because a connection was.</summary>
    public event Action? Interrupted;

    /// <summary>
    /// Establishes the first connections, and follows the master that the sentinels name, if there are any, for the
    /// lifetime of the service.
    /// </summary>
    /// <param name="options">Where to connect.</param>
    /// <param name="sentinelTls">Whether sentinels are asked over TLS; null: like the servers that they watch.</param>
    public async Task ConnectAsync(ConfigurationOptions options, bool? sentinelTls = null)
    {
        options.AbortOnConnectFail = false;
        options.ConnectTimeout = (int)ConnectTimeout.TotalMilliseconds;
        options.ConnectRetry = 1;
        options.ReconnectRetryPolicy = new LinearRetry((int)ReconnectInterval.TotalMilliseconds);
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

        sentinels = options.ServiceName is null
            ? null
            : new Sentinels(options, sentinelTls ?? options.Ssl, time, logger);
        var loop = new BackgroundLoop("The connection to the store", time, logger);
        Func<CancellationToken, Task> step = sentinels is null
            ? _ => UseAsync(options, mustStand: false)
            : _ => FollowAsync(sentinels);
        await loop.TryAsync(step, stopping.Token);
        using var timer = new PeriodicTimer(
            sentinels is null ? ReconnectInterval : SentinelInterval,
            time
        );
        await loop.RunAsync(
            async stoppingToken =>
                (sentinels is not null || used is null)
                && await timer.WaitForNextTickAsync(stoppingToken),
            step,
            stopping.Token
        );
    }

    /// <summary>
    /// Establishes new connections to the same address, and uses them if that succeeds. The old ones are used until
    /// then, and what was sent on them still gets its reply.
    /// </summary>
    /// <returns>Whether the new connections are used.</returns>
    public Task<bool> RenewAsync() =>
        used is { } connections
            ? UseAsync(connections.Options, mustStand: true)
            : Task.FromResult(false);

    /// <summary>
    /// Finds out why there is no connection now: the client library keeps reporting why the first attempt failed,
    /// although since then a server may have become available that refuses the password.
    /// </summary>
    public async Task DiagnoseAsync()
    {
        if (used is not { } connections)
        {
            return;
        }

        try
        {
            await using var made = await ConnectionMultiplexer.ConnectAsync(
                connections.Options.Clone()
            );
            await made.GetDatabase().PingAsync();
            diagnosis = null;
        }
        catch (RedisConnectionException exception)
        {
            diagnosis = exception;
        }
    }

    /// <summary>
    /// The host names that the store's connections were made to, each with the address that it resolved to then. None
    /// behind a tunnel, which resolves addresses itself.
    /// </summary>
    public IEnumerable<(string Name, IPAddress Address)> FindAddresses()
    {
        if (used is not { Options.Tunnel: null } connections)
        {
            yield break;
        }

        foreach (var ((endpoint, _), socket) in connections.Sockets)
        {
            if (endpoint is DnsEndPoint { Host: var name } && AddressOf(socket) is { } address)
            {
                yield return (name, address);
            }
        }
    }

    /// <summary>
    /// Subscribes to a channel from now on, and again after the connection was <see cref="Interrupted"/>, to any server
    /// that it is then made to. Waits for the store to be available.
    /// </summary>
    public async Task SubscribeAsync(
        RedisChannel channel,
        Action<RedisValue> handle,
        CancellationToken cancellationToken
    )
    {
        await connected.Task.WaitAsync(cancellationToken);
        subscriptions.Add((channel, handle));
        // Without the right to subscribe it is tried until the connection is closed, for which a stop does not wait.
        await ListenAsync(used!, channel, handle).WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Publishes to all subscribers of <see cref="RedisKeys.InvalidationChannel"/>, if there is a connection.
    /// </summary>
    public async Task PublishAsync(RedisValue message)
    {
        try
        {
            if (Current is { } multiplexer)
            {
                await multiplexer
                    .GetSubscriber()
                    .PublishAsync(RedisChannel.Literal(RedisKeys.InvalidationChannel), message)
                    .WaitAsync(timeout, time, stopping.Token);
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

    /// <summary>Records that messages are published and received.</summary>
    public void Accept() => refusal = null;

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        if (sentinels is not null)
        {
            await sentinels.DisposeAsync();
        }

        if (used is { } connections)
        {
            await connections.Multiplexer.DisposeAsync();
        }
    }

    private async Task FollowAsync(Sentinels guides)
    {
        if (await guides.FindMasterAsync() is { } named && !named.Equals(master))
        {
            await UseAsync(guides.Of(named), mustStand: false);
            master = named;
        }
    }

    private async Task<bool> UseAsync(ConfigurationOptions options, bool mustStand)
    {
        await making.WaitAsync(stopping.Token);
        try
        {
            var sockets = new ConcurrentDictionary<(EndPoint, ConnectionType), Socket>();
            var own = options.Clone();
            own.BeforeSocketConnect = (endpoint, type, socket) =>
                sockets[(endpoint, type)] = socket;
            var made = await ConnectionMultiplexer.ConnectAsync(own);
            if (mustStand && !made.IsConnected)
            {
                await made.DisposeAsync();
                return false;
            }

            Use(new Connections(made, options, sockets));
            return true;
        }
        finally
        {
            making.Release();
        }
    }

    private void Use(Connections made)
    {
        made.Multiplexer.ConnectionFailed += (_, _) => Interrupted?.Invoke();
        made.Multiplexer.ConnectionRestored += (_, _) => diagnosis = null;
        var before = Interlocked.Exchange(ref used, made);
        Used?.Invoke();
        if (before is null)
        {
            connected.SetResult(made.Multiplexer);
            return;
        }

        Interrupted?.Invoke();
        foreach (var (channel, handle) in subscriptions)
        {
            _ = ListenAsync(made, channel, handle);
        }

        _ = CloseAsync(before);
    }

    // Requests that were sent on the old connections get their reply, or their time-out.
    private async Task CloseAsync(Connections before)
    {
        await Task.Delay(timeout, time, stopping.Token)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await closing.TryAsync(
            async _ => await before.Multiplexer.DisposeAsync(),
            CancellationToken.None
        );
    }

    // Until other connections are used. While the store is unavailable, the monitor reports it.
    private async Task ListenAsync(
        Connections made,
        RedisChannel channel,
        Action<RedisValue> handle
    )
    {
        while (
            ReferenceEquals(made, used)
            && !stopping.IsCancellationRequested
            && !await subscribing.TryAsync(_ => SubscribeAsync(made, channel, handle), default)
        )
        {
            await Task.Delay(ReconnectInterval, time);
        }
    }

    private async Task SubscribeAsync(
        Connections made,
        RedisChannel channel,
        Action<RedisValue> handle
    )
    {
        try
        {
            var queue = await made.Multiplexer.GetSubscriber().SubscribeAsync(channel);
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

    // Null when the socket is not connected.
    private static IPAddress? AddressOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint is IPEndPoint { Address: var address }
                ? address.IsIPv4MappedToIPv6
                    ? address.MapToIPv4()
                    : address
                : null;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <param name="Multiplexer">The client.</param>
    /// <param name="Options">Where it connects to.</param>
    /// <param name="Sockets">The latest socket to each server, for commands and for messages.</param>
    private sealed record Connections(
        IConnectionMultiplexer Multiplexer,
        ConfigurationOptions Options,
        ConcurrentDictionary<(EndPoint EndPoint, ConnectionType Type), Socket> Sockets
    );
}
