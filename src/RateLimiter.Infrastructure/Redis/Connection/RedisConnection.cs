using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Clocks;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// The connection to the store. Unless the service runs the store's server itself (<see cref="IStoreHost"/>), it is
/// established in the background, so that the service starts without the store and connects when the store becomes
/// available. Every failure of the store becomes a <see cref="StoreUnavailableException"/>.
/// </summary>
/// <remarks>
/// A cluster can lose some of its servers and keep the others: each shard (<see cref="ClusterMap"/>) has its own
/// <see cref="StoreCircuit"/>.
/// </remarks>
public sealed class RedisConnection : IHostedService, IAsyncDisposable
{
    /// <summary>The most concurrent requests. More would only wait for their time-out.</summary>
    private const int MaxAsked = 2000;

    private static readonly TimeSpan MinAdministrativeTimeout = TimeSpan.FromMilliseconds(800);

    private readonly RedisOptions redis;
    private readonly IStoreHost? host;
    private readonly StoreFailures failures;
    private int asked;

    /// <param name="redis">Which Redis to use.</param>
    /// <param name="store">How long to wait for it.</param>
    /// <param name="room">Whether the store has room.</param>
    /// <param name="clock">The clock of all waits for the store.</param>
    /// <param name="logger">Logs what happens to the store.</param>
    /// <param name="host">The store's server, if the service runs it itself, in place of a Redis.</param>
    public RedisConnection(
        IOptions<RedisOptions> redis,
        IOptions<StoreOptions> store,
        StoreRoom room,
        StoreClock clock,
        ILogger<RedisConnection> logger,
        IStoreHost? host = null
    )
    {
        this.redis = redis.Value;
        this.host = host;
        Room = room;
        Clock = clock;
        CheckTimeout = store.Value.Timeout;
        Link = new RedisLink(AdministrativeTimeout, clock.Wall, logger);
        Map = new ClusterMap(Link);
        Messages = new RedisMessages(Link, AdministrativeTimeout, clock.Wall, logger);
        States = new ShardStates(Map, room, clock, logger);
        failures = new StoreFailures(Link, States, clock.Wall, logger);
    }

    /// <summary>The clock of all waits for the store.</summary>
    internal StoreClock Clock { get; }

    /// <summary>Whether the store has room for more.</summary>
    internal StoreRoom Room { get; }

    /// <summary>The memory that the embedded store's data uses and may use; null with another store.</summary>
    internal (long Used, long Max)? EmbeddedSize => host?.Size;

    /// <summary>The longest that a check waits for the store.</summary>
    internal TimeSpan CheckTimeout { get; }

    /// <summary>The longest that anything else waits for the store: never less than a check.</summary>
    internal TimeSpan AdministrativeTimeout =>
        CheckTimeout > MinAdministrativeTimeout ? CheckTimeout : MinAdministrativeTimeout;

    /// <summary>Names the store in use, without secrets.</summary>
    public string Description => host?.Description ?? redis.Describe();

    /// <summary>Whether the store runs inside this process.</summary>
    internal bool IsEmbedded => host is not null;

    /// <summary>Completes when the first connection is established.</summary>
    internal Task<IConnectionMultiplexer> Connected => Link.Connected;

    /// <summary>The connections themselves.</summary>
    internal RedisLink Link { get; }

    /// <summary>The messages of other instances.</summary>
    internal RedisMessages Messages { get; }

    /// <summary>The shards of the store.</summary>
    internal ClusterMap Map { get; }

    /// <summary>The state of each shard.</summary>
    internal ShardStates States { get; }

    /// <inheritdoc cref="ClusterMap.IsCluster"/>
    internal bool IsCluster => Map.IsCluster;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (host is not null)
        {
            await Link.ConnectAsync(await host.StartAsync(cancellationToken));
            return;
        }

        var options = redis.ToConfiguration();
        await Task.WhenAny(
            Link.ConnectAsync(options, redis.SentinelTls),
            Connected,
            Task.Delay(RedisLink.ConnectTimeout, cancellationToken)
        );
        await DatabaseCheck.RunAsync(
            Link.Current,
            options.DefaultDatabase ?? 0,
            AdministrativeTimeout,
            Clock,
            cancellationToken
        );
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => Link.DisposeAsync();

    /// <inheritdoc cref="ClusterMap.SlotOf"/>
    internal int SlotOf(RedisKey key) => Map.SlotOf(key);

    /// <inheritdoc cref="ClusterMap.ShardOf"/>
    internal int ShardOf(RedisKey key) => Map.ShardOf(key);

    /// <summary>Whether the circuit of a shard is open: it is unavailable and gets no requests.</summary>
    internal bool IsUnavailable(int shard) => States.CircuitOf(shard).IsOpen;

    /// <inheritdoc cref="ShardStates.IsFailing"/>
    internal bool IsFailing(int shard) => States.IsFailing(shard);

    /// <summary>Records that a probe has done everything that a check does.</summary>
    internal void ConfirmHealthy(int shard) => States.CircuitOf(shard).ConfirmHealthy();

    /// <inheritdoc cref="ShardStates.IsFull(int)"/>
    internal bool IsFull(int shard) => States.IsFull(shard);

    /// <inheritdoc cref="ShardStates.IsFull()"/>
    internal bool IsFull() => States.IsFull();

    /// <inheritdoc cref="ShardStates.NoteFull"/>
    internal void NoteFull(int shard, bool isFull) => States.NoteFull(shard, isFull);

    /// <inheritdoc cref="StoreFailures.Report"/>
    internal void ReportError(string message) => failures.Report(message);

    /// <inheritdoc cref="StoreFailures.WasNotSent"/>
    internal static bool WasNotSent(StoreUnavailableException exception) =>
        StoreFailures.WasNotSent(exception);

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
                ? await States
                    .CircuitOf(shard)
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
        return States
            .CircuitOf(shard)
            .AskAsync(() => AskOnceAsync(shard, ask, timeout, cancellationToken));
    }

    /// <summary>Sends the request of a check, even to an unavailable shard, to find out whether it still is.</summary>
    /// <exception cref="StoreUnavailableException">The shard did not reply.</exception>
    internal Task<T> ProbeAsync<T>(int shard, Func<IDatabase, Task<T>> ask) =>
        States
            .CircuitOf(shard)
            .ProbeAsync(() => AskOnceAsync(shard, ask, CheckTimeout, CancellationToken.None));

    /// <summary>Writes, with the time-out of administrative requests.</summary>
    internal Task<RedisResult> WriteAsync(
        RedisKey key,
        Func<IDatabase, Task<RedisResult>> write,
        CancellationToken cancellationToken
    ) => AskAsync(key, write, AdministrativeTimeout, cancellationToken);

    private async Task<T> AskOnceAsync<T>(
        int shard,
        Func<IDatabase, Task<T>> ask,
        TimeSpan timeout,
        CancellationToken cancellationToken
    )
    {
        if (Link.Current is not { } multiplexer)
        {
            throw failures.NotConnected();
        }

        try
        {
            var answer = ask(multiplexer.GetDatabase());
            return await (host is null ? answer : CommitAsync(answer, host)).WaitAsync(
                timeout,
                Clock,
                cancellationToken
            );
        }
        catch (Exception exception) when (StoreFailures.IsFailure(exception, cancellationToken))
        {
            throw failures.Explain(shard, exception);
        }
    }

    // A server of the service's own replies before the write is durable, and an acknowledged write must survive a crash.
    private static async Task<T> CommitAsync<T>(Task<T> answer, IStoreHost host)
    {
        await answer;
        await host.CommitAsync();
        return await answer;
    }
}
