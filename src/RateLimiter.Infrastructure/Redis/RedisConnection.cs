using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RateLimiter.Application;
using RateLimiter.Application.Telemetry;
using RateLimiter.Infrastructure.Embedded;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

/// <summary>
/// The connection to the store. It is made in the background when the store is elsewhere, so that the service starts
/// without it and finds it when it comes. Every failure of the store becomes a <see cref="StoreUnavailableException"/>.
/// </summary>
/// <remarks>
/// A cluster can lose some of its servers and keep the others: each part of it (<see cref="ClusterMap"/>) has a
/// <see cref="StoreCircuit"/> of its own.
/// </remarks>
public sealed class RedisConnection : IHostedService, IAsyncDisposable
{
    private const int NoSlot = -1;

    /// <summary>The most that is asked at once. More wait for nothing but their time-out.</summary>
    private const int MaxAsked = 2000;

    /// <summary>Of what is wrong with single counters, which each check of them would tell again.</summary>
    private const int MaxErrorsPerMinute = 10;

    private static readonly TimeSpan MinAdministrativeTimeout = TimeSpan.FromMilliseconds(800);

    /// <summary>How long to wait before the store is tried again.</summary>
    internal static readonly TimeSpan ReconnectInterval = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    // Time-outs inside the client, and lost connections, are noticed on its heartbeat.
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromMilliseconds(100);

    private readonly RedisOptions redis;
    private readonly EmbeddedOptions embedded;
    private readonly ILogger logger;
    private readonly LineLimit errors;
    private readonly ClusterMap map = new();
    private readonly StoreCircuit[] circuits;
    private readonly TaskCompletionSource<IConnectionMultiplexer> connected = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly CancellationTokenSource stopping = new();
    private IConnectionMultiplexer? multiplexer;
    private readonly ConcurrentBag<(RedisChannel, Action<RedisValue>)> subscriptions = [];
    private Sentinels? sentinels;
    private EmbeddedStore? embeddedStore;
    private Task connecting = Task.CompletedTask;
    private int asked;

    public RedisConnection(
        IOptions<RedisOptions> redis,
        IOptions<EmbeddedOptions> embedded,
        IOptions<StoreOptions> store,
        TimeProvider time,
        ILogger<RedisConnection> logger
    )
    {
        this.redis = redis.Value;
        this.embedded = embedded.Value;
        this.logger = logger;
        errors = new LineLimit(time, MaxErrorsPerMinute);
        CheckTimeout = store.Value.Timeout;
        circuits =
        [
            .. Enumerable
                .Range(0, ClusterMap.MaxParts)
                .Select(part => new StoreCircuit(() => map.PlaceOf(part), time, logger)),
        ];
    }

    /// <summary>The longest that a check waits for the store.</summary>
    internal TimeSpan CheckTimeout { get; }

    /// <summary>The longest that anything else waits for the store: never less than a check.</summary>
    internal TimeSpan AdministrativeTimeout =>
        CheckTimeout > MinAdministrativeTimeout ? CheckTimeout : MinAdministrativeTimeout;

    /// <summary>Names the store in use, without secrets.</summary>
    public string Description =>
        redis.IsConfigured
            ? $"Redis at {string.Join(", ", redis.ToConfiguration().EndPoints.Select(Name))}"
            : $"embedded (Garnet), data in {Path.GetFullPath(embedded.DataDirectory)}";

    /// <summary>Whether keys lie in slots, and a call may only name keys of one of them.</summary>
    internal bool IsCluster => SlotOf("") != NoSlot;

    /// <summary>The parts of the store.</summary>
    internal IReadOnlyList<int> Parts => map.Parts;

    /// <summary>Whether the store is the one inside this process.</summary>
    internal bool IsEmbedded => embeddedStore is not null;

    /// <summary>Called when messages may be lost: a connection is.</summary>
    internal event Action? Interrupted;

    /// <summary>Ends when the first connection is there.</summary>
    internal Task<IConnectionMultiplexer> Connected => connected.Task;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (redis.IsConfigured)
        {
            connecting = ConnectAsync(redis.ToConfiguration());
            await Task.WhenAny(connecting, Task.Delay(ConnectTimeout, cancellationToken));
        }
        else
        {
            embeddedStore = await Task.Run(
                () => EmbeddedStore.Start(Path.GetFullPath(embedded.DataDirectory), logger),
                cancellationToken
            );
            connecting = ConnectAsync(embeddedStore.Configuration);
            await connecting;
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        if (sentinels is not null)
        {
            await sentinels.DisposeAsync();
        }

        if (multiplexer is not null)
        {
            await multiplexer.DisposeAsync();
        }

        // The container disposes once for each way it hands this service out.
        if (Interlocked.Exchange(ref embeddedStore, null) is { } store)
        {
            await store.DisposeAsync();
        }
    }

    /// <summary>The slot of a key in a cluster; else the same for all keys.</summary>
    internal int SlotOf(RedisKey key) => multiplexer?.HashSlot(key) ?? NoSlot;

    /// <summary>The part of the store that has a key, from 0.</summary>
    internal int PartOf(RedisKey key) =>
        SlotOf(key) is not NoSlot and var slot ? map.PartOf(slot) : 0;

    /// <summary>Whether a part of the store does not answer and is not asked.</summary>
    internal bool IsAway(int part) => circuits[part].IsOpen;

    /// <summary>How often one of the circuits has opened, and closed.</summary>
    internal (long Opened, long Closed) Transitions =>
        (circuits.Sum(circuit => circuit.Opened), circuits.Sum(circuit => circuit.Closed));

    /// <summary>
    /// Asks for all servers that take writes. What one after the other is asked for is the whole only when the layout is
    /// the same before and after.
    /// </summary>
    /// <exception cref="StoreUnavailableException">It did not answer, or one of them is not known here.</exception>
    internal async Task<StoreLayout> FindLayoutAsync(CancellationToken cancellationToken)
    {
        var servers = multiplexer?.GetServers() ?? [];
        var master = Find(server => server is { IsConnected: true, IsReplica: false });
        if (!IsCluster)
        {
            return new StoreLayout([(0, master)], Slots: "");
        }

        // What the client knows of the slots is up to a minute old.
        var cluster = await AskPartAsync(
            Parts[0],
            _ => master.ClusterNodesAsync(),
            AdministrativeTimeout,
            cancellationToken
        );
        var owners = (cluster?.Nodes ?? [])
            .Where(node => !node.IsReplica && node.Slots.Count > 0)
            .OrderBy(node => node.NodeId, StringComparer.Ordinal)
            .ToList();
        return new StoreLayout(
            [
                .. owners.Select(node =>
                    (
                        map.PartOf(node.Slots[0].From),
                        Find(server => server.EndPoint.Equals(node.EndPoint))
                    )
                ),
            ],
            string.Join(' ', owners.Select(node => $"{node.NodeId} {string.Join(' ', node.Slots)}"))
        );

        IServer Find(Predicate<IServer> condition) =>
            Array.Find(servers, condition)
            ?? throw new StoreUnavailableException("A server of the store is not known yet.");
    }

    /// <summary>Asks the store, and waits no longer than <paramref name="timeout"/>.</summary>
    /// <param name="key">A key that it is about.</param>
    /// <param name="ask">What to ask.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="StoreUnavailableException">It did not answer; whether it acted is unknown.</exception>
    internal Task<T> AskAsync<T>(
        RedisKey key,
        Func<IDatabase, Task<T>> ask,
        TimeSpan timeout,
        CancellationToken cancellationToken
    ) => AskPartAsync(PartOf(key), ask, timeout, cancellationToken);

    /// <summary>As <see cref="AskAsync"/>, about no key but about a part of the store.</summary>
    /// <exception cref="StoreUnavailableException">It did not answer; whether it acted is unknown.</exception>
    internal async Task<T> AskPartAsync<T>(
        int part,
        Func<IDatabase, Task<T>> ask,
        TimeSpan timeout,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return Interlocked.Increment(ref asked) <= MaxAsked
                ? await circuits[part].AskAsync(() => AskOnceAsync(ask, timeout, cancellationToken))
                : throw new StoreUnavailableException("Too many wait for the store.");
        }
        finally
        {
            Interlocked.Decrement(ref asked);
        }
    }

    /// <summary>Whether a question failed before it was sent, for want of a connection, so that it is safe to repeat.</summary>
    internal static bool WasNotSent(StoreUnavailableException exception) =>
        exception.InnerException
            is RedisConnectionException { CommandStatus: not CommandStatus.Sent };

    /// <summary>As a check would ask, but also a part that is away, to find out whether it still is.</summary>
    /// <exception cref="StoreUnavailableException">It did not answer.</exception>
    internal Task<T> ProbeAsync<T>(int part, Func<IDatabase, Task<T>> ask) =>
        circuits[part].ProbeAsync(() => AskOnceAsync(ask, CheckTimeout, CancellationToken.None));

    /// <summary>Takes over what the client has found out of a cluster.</summary>
    internal void FollowCluster() =>
        map.Follow(
            multiplexer
                ?.GetServers()
                .Where(server => server.IsConnected && server.ServerType == ServerType.Cluster)
                .Select(server => server.ClusterConfiguration)
                .FirstOrDefault(configuration => configuration is not null)
        );

    private async Task<T> AskOnceAsync<T>(
        Func<IDatabase, Task<T>> ask,
        TimeSpan timeout,
        CancellationToken cancellationToken
    )
    {
        if (multiplexer is null)
        {
            throw new StoreUnavailableException("There is no connection to the store yet.");
        }

        try
        {
            var answer = await ask(multiplexer.GetDatabase()).WaitAsync(timeout, cancellationToken);
            if (embeddedStore is { } store)
            {
                // It answers before it has written its log, and what was answered must survive a crash.
                await store.CommitAsync().WaitAsync(timeout, cancellationToken);
            }

            return answer;
        }
        catch (RedisServerException exception)
        {
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
        RedisKey key,
        Func<IDatabase, Task<RedisResult>> write,
        CancellationToken cancellationToken
    ) => AskAsync(key, write, AdministrativeTimeout, cancellationToken);

    /// <summary>
    /// Listens to a channel from now on, and again after the connection was <see cref="Interrupted"/>, whichever server it
    /// is made to then. Waits for the store to be there.
    /// </summary>
    internal async Task SubscribeAsync(
        RedisChannel channel,
        Action<RedisValue> handle,
        CancellationToken cancellationToken
    )
    {
        await connected.Task.WaitAsync(cancellationToken);
        subscriptions.Add((channel, handle));
        await ListenAsync(multiplexer!, channel, handle);
    }

    /// <summary>Tells all who listen to a channel, if there is a connection.</summary>
    internal async Task PublishAsync(RedisChannel channel, RedisValue message)
    {
        try
        {
            if (multiplexer is { } current)
            {
                await current
                    .GetSubscriber()
                    .PublishAsync(channel, message, CommandFlags.FireAndForget);
            }
        }
        catch (Exception exception) when (exception is RedisException or ObjectDisposedException)
        {
            // Nobody hears it.
        }
    }

    /// <summary>Notes an error that the store answered with.</summary>
    internal void ReportError(string message)
    {
        if (errors.TryTake())
        {
            logger.StoreAnsweredWithAnError(message);
        }
    }

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
        // The client does not ask a cluster for its layout otherwise.
        configuration.AllowAdmin = true;

        if (configuration.ServiceName is null)
        {
            await UseAsync(configuration);
        }
        else
        {
            sentinels = new Sentinels(configuration);
            await FollowAsync(sentinels);
        }
    }

    // Goes where the sentinels say, as long as the service lives.
    private async Task FollowAsync(Sentinels guides)
    {
        EndPoint? current = null;
        using var timer = new PeriodicTimer(ReconnectInterval);
        do
        {
            if (await guides.FindMasterAsync() is { } master && !master.Equals(current))
            {
                await UseAsync(guides.Of(master));
                current = master;
            }
        } while (await timer.WaitForNextTickAsync(stopping.Token));
    }

    private async Task UseAsync(ConfigurationOptions configuration)
    {
        var made = await ConnectionMultiplexer.ConnectAsync(configuration);
        made.ConnectionFailed += (_, _) => Interrupted?.Invoke();
        var before = Interlocked.Exchange(ref multiplexer, made);
        FollowCluster();
        if (before is null)
        {
            connected.SetResult(made);
            return;
        }

        Interrupted?.Invoke();
        foreach (var (channel, handle) in subscriptions)
        {
            _ = ListenAsync(made, channel, handle);
        }

        await before.DisposeAsync();
    }

    // Until it is another that is used.
    private async Task ListenAsync(
        IConnectionMultiplexer made,
        RedisChannel channel,
        Action<RedisValue> handle
    )
    {
        while (ReferenceEquals(made, multiplexer) && !stopping.IsCancellationRequested)
        {
            try
            {
                var queue = await made.GetSubscriber().SubscribeAsync(channel);
                queue.OnMessage(message => handle(message.Message));
                return;
            }
            catch (Exception exception)
                when (exception is RedisException or TimeoutException or ObjectDisposedException)
            {
                // It is not there yet. The monitor says so.
                await Task.Delay(ReconnectInterval);
            }
        }
    }
}

/// <param name="Masters">The servers that take writes, each with its part.</param>
/// <param name="Slots">Which of them has which slots; the same for the same.</param>
internal sealed record StoreLayout(IReadOnlyList<(int Part, IServer Server)> Masters, string Slots);
