using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RateLimiter.Application;
using RateLimiter.Infrastructure.Embedded;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

/// <summary>
/// The connection to the store. It is made in the background when the store is elsewhere, so that the service starts
/// without it and finds it when it comes. Every failure of the store becomes a <see cref="StoreUnavailableException"/>.
/// </summary>
public sealed class RedisConnection(
    IOptions<RedisOptions> redis,
    IOptions<EmbeddedOptions> embedded,
    IOptions<StoreOptions> store,
    ILogger<RedisConnection> logger
) : IHostedService, IAsyncDisposable
{
    /// <summary>The longest that anything but a check waits for the store.</summary>
    internal static readonly TimeSpan AdministrativeTimeout = TimeSpan.FromMilliseconds(800);

    /// <summary>How long to wait before the store is tried again.</summary>
    internal static readonly TimeSpan ReconnectInterval = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    // Time-outs inside the client, and lost connections, are noticed on its heartbeat.
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromMilliseconds(100);

    private readonly TaskCompletionSource<IConnectionMultiplexer> connected = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private EmbeddedStore? embeddedStore;
    private Task connecting = Task.CompletedTask;

    /// <summary>The longest that a check waits for the store.</summary>
    internal TimeSpan CheckTimeout => store.Value.Timeout;

    /// <summary>Names the store in use, without secrets.</summary>
    public string Description =>
        redis.Value.IsConfigured
            ? $"Redis at {string.Join(", ", redis.Value.ToConfiguration().EndPoints.Select(Name))}"
            : $"embedded (Garnet), data in {Path.GetFullPath(embedded.Value.DataDirectory)}";

    /// <summary>Called when messages may be lost: a connection is.</summary>
    internal event Action? Interrupted;

    /// <summary>Ends when the first connection is there.</summary>
    internal Task<IConnectionMultiplexer> Connected => connected.Task;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (redis.Value.IsConfigured)
        {
            connecting = ConnectAsync(redis.Value.ToConfiguration());
            await Task.WhenAny(connecting, Task.Delay(ConnectTimeout, cancellationToken));
        }
        else
        {
            embeddedStore = await Task.Run(
                () => EmbeddedStore.Start(Path.GetFullPath(embedded.Value.DataDirectory), logger),
                cancellationToken
            );
            connecting = ConnectAsync(embeddedStore.Configuration);
            await connecting;
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (connected.Task.IsCompletedSuccessfully)
        {
            await (await connected.Task).DisposeAsync();
        }

        // The container disposes once for each way it hands this service out.
        if (Interlocked.Exchange(ref embeddedStore, null) is { } store)
        {
            await store.DisposeAsync();
        }
    }

    /// <summary>Asks the store, and waits no longer than <paramref name="timeout"/>.</summary>
    /// <exception cref="StoreUnavailableException">It did not answer; whether it acted is unknown.</exception>
    internal async Task<T> AskAsync<T>(
        Func<IDatabase, Task<T>> ask,
        TimeSpan timeout,
        CancellationToken cancellationToken
    )
    {
        if (!connected.Task.IsCompletedSuccessfully)
        {
            throw new StoreUnavailableException("There is no connection to the store yet.");
        }

        try
        {
            var database = (await connected.Task).GetDatabase();
            var answer = await ask(database).WaitAsync(timeout, cancellationToken);
            if (embeddedStore is { } store)
            {
                // It answers before it has written its log, and what was answered must survive a crash.
                await store.CommitAsync().WaitAsync(timeout, cancellationToken);
            }

            return answer;
        }
        catch (RedisServerException exception)
        {
            ReportError(exception.Message);
            throw new StoreUnavailableException("The store answered with an error.", exception);
        }
        catch (Exception exception)
            when (exception
                    is RedisException
                        or TimeoutException
                        or ObjectDisposedException
                        or IOException
            )
        {
            throw new StoreUnavailableException("The store did not answer.", exception);
        }
    }

    /// <summary>Writes, and waits for it as long as administrators do.</summary>
    internal Task<RedisResult> WriteAsync(
        Func<IDatabase, Task<RedisResult>> write,
        CancellationToken cancellationToken
    ) => AskAsync(write, AdministrativeTimeout, cancellationToken);

    /// <summary>
    /// Listens to a channel from now on, and again after the connection was <see cref="Interrupted"/>. Waits for the
    /// store to be there.
    /// </summary>
    internal async Task SubscribeAsync(
        RedisChannel channel,
        Action<RedisValue> handle,
        CancellationToken cancellationToken
    )
    {
        var multiplexer = await connected.Task.WaitAsync(cancellationToken);
        while (true)
        {
            try
            {
                var queue = await multiplexer.GetSubscriber().SubscribeAsync(channel);
                queue.OnMessage(message => handle(message.Message));
                return;
            }
            catch (Exception exception) when (exception is RedisException or TimeoutException)
            {
                // The store is not there yet, and the log says so.
                await Task.Delay(ReconnectInterval, cancellationToken);
            }
        }
    }

    /// <summary>Notes an error that the store answered with.</summary>
    internal void ReportError(string message) => logger.StoreAnsweredWithAnError(message);

    // Port 0 stands for the default one.
    private static string Name(EndPoint endpoint) =>
        endpoint switch
        {
            DnsEndPoint { Port: 0 } dns => dns.Host,
            DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
            IPEndPoint { Port: 0 } ip => $"{ip.Address}",
            _ => $"{endpoint}",
        };

    private async Task ConnectAsync(ConfigurationOptions configuration)
    {
        configuration.AbortOnConnectFail = false;
        configuration.ConnectTimeout = (int)ConnectTimeout.TotalMilliseconds;
        configuration.ConnectRetry = 1;
        configuration.ReconnectRetryPolicy = new LinearRetry(
            (int)ReconnectInterval.TotalMilliseconds
        );
        configuration.AsyncTimeout = (int)AdministrativeTimeout.TotalMilliseconds;
        configuration.HeartbeatInterval = HeartbeatInterval;
        // While there is no connection, fail at once instead of queueing until it times out.
        configuration.BacklogPolicy = BacklogPolicy.FailFast;
        configuration.IncludeDetailInExceptions = false;

        var multiplexer = await ConnectionMultiplexer.ConnectAsync(configuration);
        multiplexer.ConnectionFailed += (_, failure) =>
        {
            Interrupted?.Invoke();
            if (failure.ConnectionType == ConnectionType.Interactive)
            {
                logger.StoreLost(failure.FailureType);
            }
        };
        multiplexer.ConnectionRestored += (_, restored) =>
        {
            if (restored.ConnectionType == ConnectionType.Interactive)
            {
                logger.StoreRestored();
            }
        };
        if (!multiplexer.IsConnected)
        {
            logger.StoreNotThereYet();
        }

        connected.SetResult(multiplexer);
    }
}
