using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Telemetry;
using RateLimiter.Infrastructure.Clocks;
using RateLimiter.Infrastructure.Embedded;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// The connection to the store. Unless the store is embedded, it is established in the background, so that the service
/// starts without the store and connects when the store becomes available. Every failure of the store becomes a
/// <see cref="StoreUnavailableException"/>.
/// </summary>
/// <remarks>
/// A cluster can lose some of its servers and keep the others: each shard (<see cref="ClusterMap"/>) has its own
/// <see cref="StoreCircuit"/>.
/// </remarks>
public sealed class RedisConnection : IHostedService, IAsyncDisposable
{
    private const int NoSlot = -1;

    /// <summary>The most concurrent requests. More would only wait for their time-out.</summary>
    private const int MaxAsked = 2000;

    /// <summary>
    /// The limit of logged errors about single counters, which every check of such a counter would repeat.
    /// </summary>
    private const int MaxErrorsPerMinute = 10;

    private static readonly TimeSpan MinAdministrativeTimeout = TimeSpan.FromMilliseconds(800);

    private static readonly RedisScript SelectDatabase = RedisScript.Load("select_database");

    private readonly RedisOptions redis;
    private readonly EmbeddedOptions embedded;
    private readonly ILogger logger;
    private readonly LineLimit errors;
    private readonly ClusterMap map = new();
    private readonly StoreCircuit[] circuits;
    private readonly RedisLink link;
    private readonly bool[] full = new bool[ClusterMap.MaxShards];
    private readonly ConcurrentDictionary<string, byte> denials = new();
    private EmbeddedStore? embeddedStore;
    private Task connecting = Task.CompletedTask;
    private int asked;

    public RedisConnection(
        IOptions<RedisOptions> redis,
        IOptions<EmbeddedOptions> embedded,
        IOptions<StoreOptions> store,
        StoreRoom room,
        StoreClock clock,
        ILogger<RedisConnection> logger
    )
    {
        this.redis = redis.Value;
        this.embedded = embedded.Value;
        Room = room;
        this.logger = logger;
        Clock = clock;
        errors = new LineLimit(clock.Wall, MaxErrorsPerMinute);
        CheckTimeout = store.Value.Timeout;
        link = new RedisLink(AdministrativeTimeout, clock.Wall, logger);
        link.Used += FollowCluster;
        circuits =
        [
            .. Enumerable
                .Range(0, ClusterMap.MaxShards)
                .Select(shard => new StoreCircuit(() => map.PlaceOf(shard), clock, logger)),
        ];
    }

    /// <summary>The clock of all waits for the store.</summary>
    internal StoreClock Clock { get; }

    /// <summary>Whether the store has room for more.</summary>
    internal StoreRoom Room { get; }

    /// <summary>The memory that the embedded store's data uses and may use; null with another store.</summary>
    internal (long Used, long Max)? EmbeddedSize =>
        embeddedStore is { } store ? (store.Used, embedded.MaxBytes) : null;

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

    /// <summary>Whether the keys are distributed over slots, so that one call may only name keys of one slot.</summary>
    internal bool IsCluster => SlotOf("") != NoSlot;

    /// <summary>The shards of the store.</summary>
    internal IReadOnlyList<int> Shards => map.Shards;

    /// <summary>Whether the store runs inside this process.</summary>
    internal bool IsEmbedded => embeddedStore is not null;

    /// <summary>Completes when the first connection is established.</summary>
    internal Task<IConnectionMultiplexer> Connected => link.Connected;

    /// <summary>The connections themselves.</summary>
    internal RedisLink Link => link;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (redis.IsConfigured)
        {
            var options = redis.ToConfiguration();
            connecting = link.ConnectAsync(options, redis.SentinelTls);
            await Task.WhenAny(
                connecting,
                Connected,
                Task.Delay(RedisLink.ConnectTimeout, cancellationToken)
            );
            await CheckDatabaseAsync(options.DefaultDatabase ?? 0, cancellationToken);
        }
        else
        {
            embeddedStore = await Task.Run(
                () =>
                    EmbeddedStore.Start(
                        Path.GetFullPath(embedded.DataDirectory),
                        embedded.MaxBytes,
                        Room,
                        logger
                    ),
                cancellationToken
            );
            connecting = link.ConnectAsync(embeddedStore.Configuration);
            await connecting;
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await link.DisposeAsync();
        // The container disposes once per registration of this service.
        if (Interlocked.Exchange(ref embeddedStore, null) is { } store)
        {
            await store.DisposeAsync();
        }
    }

    /// <summary>The slot of a key in a cluster; otherwise the same value for all keys.</summary>
    internal int SlotOf(RedisKey key) => link.Current?.HashSlot(key) ?? NoSlot;

    /// <summary>The shard that has a key, from 0.</summary>
    internal int ShardOf(RedisKey key) =>
        SlotOf(key) is not NoSlot and var slot ? map.ShardOf(slot) : 0;

    /// <summary>Whether the circuit of a shard is open: it is unavailable and gets no requests.</summary>
    internal bool IsUnavailable(int shard) => circuits[shard].IsOpen;

    /// <summary>
    /// Whether a shard has failed to reply, and no probe since then has done everything that a check does.
    /// </summary>
    internal bool IsFailing(int shard) => circuits[shard].Failure is not null;

    /// <summary>Records that a probe has done everything that a check does.</summary>
    internal void ConfirmHealthy(int shard) => circuits[shard].ConfirmHealthy();

    /// <summary>The last failure, when all shards are failing; else null.</summary>
    internal string? Failure =>
        Shards.All(IsFailing)
            ? Shards.Select(shard => circuits[shard].Failure).FirstOrDefault()
            : null;

    /// <summary>
    /// Whether a shard of Redis has reported that it is out of memory; the embedded store reports this through
    /// <see cref="Room"/>.
    /// </summary>
    internal bool IsFull(int shard) => Volatile.Read(ref full[shard]);

    /// <summary>Whether the store, or a shard of it, stores nothing new.</summary>
    internal bool IsFull() => Room.IsFull || Shards.Any(IsFull);

    /// <summary>How often any of the circuits has opened, and closed.</summary>
    internal (long Opened, long Closed) Transitions =>
        (circuits.Sum(circuit => circuit.Opened), circuits.Sum(circuit => circuit.Closed));

    /// <summary>
    /// Finds all servers that take writes. Results collected from one server after the other are complete only when the
    /// layout is the same before and after.
    /// </summary>
    /// <exception cref="StoreUnavailableException">
    /// The store did not reply, or one of the servers is not known here.
    /// </exception>
    internal async Task<StoreLayout> FindLayoutAsync(CancellationToken cancellationToken)
    {
        var servers = link.Current?.GetServers() ?? [];
        var master = Find(server => server is { IsConnected: true, IsReplica: false });
        if (!IsCluster)
        {
            return new StoreLayout([(0, master)], Slots: "");
        }

        // The client library's view of the slots may be a minute old.
        var cluster = await AskShardAsync(
            Shards[0],
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
                        map.ShardOf(node.Slots[0].From),
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

    /// <summary>
    /// Sends a request to the store, and waits no longer than <paramref name="timeout"/>. A missing reply does not
    /// count against the store's circuit: the request itself may have been too much.
    /// </summary>
    /// <param name="key">A key of the request, which determines the shard.</param>
    /// <param name="ask">The request.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StoreUnavailableException">
    /// The store did not reply; whether it executed the request is unknown.
    /// </exception>
    internal Task<T> AskAsync<T>(
        RedisKey key,
        Func<IDatabase, Task<T>> ask,
        TimeSpan timeout,
        CancellationToken cancellationToken
    ) => AskShardAsync(ShardOf(key), ask, timeout, cancellationToken);

    /// <summary>Like <see cref="AskAsync"/>, but for a shard instead of a key.</summary>
    /// <exception cref="StoreUnavailableException">
    /// The store did not reply; whether it executed the request is unknown.
    /// </exception>
    internal async Task<T> AskShardAsync<T>(
        int shard,
        Func<IDatabase, Task<T>> ask,
        TimeSpan timeout,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return Interlocked.Increment(ref asked) <= MaxAsked
                ? await circuits[shard]
                    .PassAsync(() => AskOnceAsync(shard, ask, timeout, cancellationToken))
                : throw new StoreUnavailableException("Too many wait for the store.");
        }
        finally
        {
            Interlocked.Decrement(ref asked);
        }
    }

    /// <summary>
    /// Like <see cref="AskAsync"/>, for checks that callers wait for: their work is bounded and there are few such
    /// calls at once, so that a missing reply means that the store is unavailable, and any number of other requests
    /// does not block them.
    /// </summary>
    /// <exception cref="StoreUnavailableException">
    /// The store did not reply; whether it executed the request is unknown.
    /// </exception>
    internal Task<T> DecideAsync<T>(
        RedisKey key,
        Func<IDatabase, Task<T>> ask,
        TimeSpan timeout,
        CancellationToken cancellationToken
    )
    {
        var shard = ShardOf(key);
        return circuits[shard].AskAsync(() => AskOnceAsync(shard, ask, timeout, cancellationToken));
    }

    /// <summary>
    /// Whether a request failed before it was sent, because there was no connection, so that it is safe to repeat.
    /// </summary>
    internal static bool WasNotSent(StoreUnavailableException exception) =>
        exception.InnerException
            is RedisConnectionException { CommandStatus: not CommandStatus.Sent };

    /// <summary>Sends the request of a check, even to an unavailable shard, to find out whether it still is.</summary>
    /// <exception cref="StoreUnavailableException">The shard did not reply.</exception>
    internal Task<T> ProbeAsync<T>(int shard, Func<IDatabase, Task<T>> ask) =>
        circuits[shard]
            .ProbeAsync(() => AskOnceAsync(shard, ask, CheckTimeout, CancellationToken.None));

    /// <summary>Records whether a shard of Redis accepts writes that need memory.</summary>
    internal void NoteFull(int shard, bool isFull)
    {
        if (Interlocked.Exchange(ref full[shard], isFull) == isFull)
        {
            return;
        }

        if (!IsCluster)
        {
            // The whole store is full. In a cluster, the other shards continue.
            Room.Note(isFull);
        }

        if (isFull)
        {
            logger.StoreFull(map.PlaceOf(shard));
        }
        else
        {
            logger.StoreHasRoom(map.PlaceOf(shard));
        }
    }

    /// <summary>Updates the shards from what the client library knows about the cluster.</summary>
    internal void FollowCluster() =>
        map.Follow(
            link.Current?.GetServers()
                .Where(server => server.IsConnected && server.ServerType == ServerType.Cluster)
                .Select(server => server.ClusterConfiguration)
                .FirstOrDefault(configuration => configuration is not null)
        );

    // The number of databases of a server is not known before it is asked. A server that is not available yet is not
    // waited for.
    private async Task CheckDatabaseAsync(int database, CancellationToken cancellationToken)
    {
        if (database == 0 || link.Current is not { IsConnected: true } multiplexer)
        {
            return;
        }

        try
        {
            await SelectDatabase
                .EvaluateAsync(multiplexer.GetDatabase(), [], [database])
                .WaitAsync(AdministrativeTimeout, Clock, cancellationToken);
        }
        catch (Exception exception)
            when (exception is RedisCommandException
                || exception is RedisServerException { Message: var message }
                    && (
                        message.Contains("DB index", StringComparison.Ordinal)
                        || message.Contains("SELECT", StringComparison.Ordinal)
                        || StoreReason.IsDenial(message)
                    )
            )
        {
            throw new OptionsValidationException(
                RedisOptions.Section,
                typeof(RedisOptions),
                [
                    $"Redis:ConnectionString has database {database}, which the server does not have or does not let its user use.",
                ]
            );
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            // The monitor reports it.
        }
    }

    // The embedded store replies before it has written its log, and an acknowledged write must survive a crash.
    private static async Task<T> CommitAsync<T>(Task<T> answer, EmbeddedStore store)
    {
        await answer;
        await store.CommitAsync();
        return await answer;
    }

    private async Task<T> AskOnceAsync<T>(
        int shard,
        Func<IDatabase, Task<T>> ask,
        TimeSpan timeout,
        CancellationToken cancellationToken
    )
    {
        if (link.Current is not { } multiplexer)
        {
            throw new StoreUnavailableException(
                "There is no connection to the store yet.",
                link.Hindrance
            );
        }

        try
        {
            var answer = ask(multiplexer.GetDatabase());
            return await (
                embeddedStore is { } store ? CommitAsync(answer, store) : answer
            ).WaitAsync(timeout, Clock, cancellationToken);
        }
        catch (RedisServerException exception) when (exception.Kind == RedisErrorKind.OutOfMemory)
        {
            NoteFull(shard, isFull: true);
            throw new StoreFullException();
        }
        catch (Exception exception)
            when (exception is RedisServerException or RedisCommandException)
        {
            if (StoreReason.IsDenial(exception.Message))
            {
                NoteDenial(StoreReason.Of(exception).Text);
            }

            throw new StoreUnavailableException("The store answered with an error.", exception);
        }
        catch (RedisConnectionException exception)
            when (exception.FailureType == ConnectionFailureType.UnableToResolvePhysicalConnection)
        {
            throw new StoreUnavailableException(
                "The store did not answer.",
                link.Diagnosis ?? exception
            );
        }
        catch (Exception exception)
            when (exception
                    is RedisException
                        or TimeoutException
                        or ObjectDisposedException
                        or IOException
                // A connection that is replaced cancels the commands that wait on it.
                || (
                    exception is OperationCanceledException
                    && !cancellationToken.IsCancellationRequested
                )
            )
        {
            throw new StoreUnavailableException("The store did not answer.", exception);
        }
    }

    /// <summary>Writes, with the time-out of administrative requests.</summary>
    internal Task<RedisResult> WriteAsync(
        RedisKey key,
        Func<IDatabase, Task<RedisResult>> write,
        CancellationToken cancellationToken
    ) => AskAsync(key, write, AdministrativeTimeout, cancellationToken);

    /// <summary>Reports an error that the store replied with.</summary>
    internal void ReportError(string message)
    {
        if (errors.TryTake())
        {
            logger.StoreRepliedWithAnError(message);
        }
    }

    // Log each reason once: a missing right stays missing.
    private void NoteDenial(string reason)
    {
        if (denials.Count < MaxErrorsPerMinute && denials.TryAdd(reason, 0))
        {
            logger.RightMissing(reason);
        }
    }

    // Port 0 stands for the default port.
    private static string Name(EndPoint endpoint) =>
        endpoint switch
        {
            DnsEndPoint { Port: 0 } dns => dns.Host,
            DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
            IPEndPoint { Port: 0 } ip => $"{ip.Address}",
            _ => $"{endpoint}",
        };
}

/// <param name="Masters">The servers that take writes, each with its shard.</param>
/// <param name="Slots">Which of them owns which slots, as a text; equal layouts have equal texts.</param>
internal sealed record StoreLayout(
    IReadOnlyList<(int Shard, IServer Server)> Masters,
    string Slots
);
