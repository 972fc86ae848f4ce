using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Keys;
using RateLimiter.Infrastructure.Clocks;
using RateLimiter.Infrastructure.Embedded;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.IntegrationTests.Redis.Checks;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Redis;

public enum StoreKind
{
    Embedded,
    Redis,
}

/// <summary>One store of each kind for all tests, which are isolated by using clients of their own.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    private static readonly SemaphoreSlim Gate = new(1);
    private static readonly Dictionary<StoreKind, TestStore> Started = [];

    /// <summary>The default quotas.</summary>
    public static readonly IOptions<QuotaOptions> Quotas = Options.Create(new QuotaOptions());

    private readonly TemporaryFolder? folder;
    private readonly RedisServer? server;
    private readonly List<RedisConnection> connections = [];
    private EmbeddedHost? host;

    private TestStore(TemporaryFolder? folder, RedisServer? server)
    {
        this.folder = folder;
        this.server = server;
    }

    public FakeLogger<RedisConnection> Log { get; } = new();

    public RedisConnection Connection => connections[0];

    /// <summary>The store of a kind. Skips the test, with a message, when there is no real Redis.</summary>
    public static async Task<TestStore> GetAsync(StoreKind kind)
    {
        await Gate.WaitAsync();
        try
        {
            if (!Started.TryGetValue(kind, out var store))
            {
                store =
                    kind == StoreKind.Redis ? await StartRedisAsync() : await StartEmbeddedAsync();
                Started.Add(kind, store);
            }

            return store;
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>A store of a kind for one test, which stops it.</summary>
    public static Task<TestStore> StartOwnAsync(StoreKind kind) =>
        kind == StoreKind.Redis ? StartRedisAsync(ownProcess: true) : StartEmbeddedAsync();

    /// <summary>The connection of an instance that has not reached the store.</summary>
    public static RedisConnection NotConnected() => new TestStore(null, null).Connect(new());

    /// <summary>All keys of the service, and those of them that have no expiry.</summary>
    public async Task<(int All, IReadOnlyList<string> ForEver)> ScanAsync()
    {
        var multiplexer = await Connection.Connected;
        var database = multiplexer.GetDatabase();
        var (all, forEver) = (0, new List<string>());
        await foreach (var key in multiplexer.GetServers()[0].KeysAsync(pattern: "rl:*"))
        {
            all++;
            // A key that has expired since the scan has no time to live either.
            if (
                await database.KeyTimeToLiveAsync(key) is null
                && await database.KeyExistsAsync(key)
            )
            {
                forEver.Add($"{key}");
            }
        }

        return (all, forEver);
    }

    /// <summary>Creates a client.</summary>
    public Task<ClientId> RegisterAsync() => RegisterAsync(Connection);

    /// <summary>Creates a client on the given server.</summary>
    public static async Task<ClientId> RegisterAsync(RedisConnection connection)
    {
        var client = ClientId.New();
        var (key, _) = ApiKey.Generate(client);
        var now = TimeProvider.System.GetUtcNow();
        await new RedisClientRepository(connection, Quotas).AddAsync(
            new NewClient(client, "test", ClientKey.Create(key, "first", Scopes.Admin, now), now),
            CounterStoreExtensions.Audit(AuditAction.ClientRegistered),
            default
        );
        return client;
    }

    public static async Task StopAllAsync()
    {
        foreach (var store in Started.Values)
        {
            await store.DisposeAsync();
        }
    }

    /// <summary>Another connection to the real Redis, as another instance of the service would have.</summary>
    public async Task<RedisConnection> ConnectAgainAsync()
    {
        if (server is not null)
        {
            await ConnectAsync(new RedisOptions { ConnectionString = server.ConnectionString });
        }

        return connections[^1];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in connections)
        {
            await connection.DisposeAsync();
        }

        if (host is not null)
        {
            await host.DisposeAsync();
        }

        if (server is not null)
        {
            await server.DisposeAsync();
        }

        folder?.Dispose();
    }

    private static async Task<TestStore> StartEmbeddedAsync()
    {
        var store = new TestStore(new TemporaryFolder(), null);
        await store.ConnectAsync(new RedisOptions());
        return store;
    }

    private static async Task<TestStore> StartRedisAsync(bool ownProcess = false)
    {
        var store = new TestStore(null, await RedisServer.StartAsync(ownProcess));
        await store.ConnectAgainAsync();
        return store;
    }

    /// <summary>A connection to the test's own server.</summary>
    /// <param name="server">The server.</param>
    /// <param name="timeoutMs">The longest that a check waits for it.</param>
    public static async Task<RedisConnection> ConnectAsync(RedisServer server, int timeoutMs)
    {
        var connection = new TestStore(null, null).Connect(
            new RedisOptions { ConnectionString = server.ConnectionString },
            timeoutMs
        );
        await StandAsync(connection);
        return connection;
    }

    /// <summary>A connection to any address, which may not be available yet.</summary>
    /// <param name="connectionString">Where to connect.</param>
    /// <param name="timeoutMs">The longest that a check waits for it.</param>
    /// <param name="log">Receives what it logs.</param>
    public static async Task<RedisConnection> ConnectAsync(
        string connectionString,
        int timeoutMs,
        ILogger<RedisConnection> log
    )
    {
        var connection = new RedisConnection(
            Options.Create(new RedisOptions { ConnectionString = connectionString }),
            Options.Create(new StoreOptions { TimeoutMs = timeoutMs }),
            new StoreRoom(),
            NewClock(),
            log
        );
        await connection.StartAsync(CancellationToken.None);
        return connection;
    }

    private async Task ConnectAsync(RedisOptions redis)
    {
        var connection = Connect(redis);
        await StandAsync(connection);
        connections.Add(connection);
    }

    // On a busy machine the first connection may be given up, and made again in the background.
    private static async Task StandAsync(RedisConnection connection)
    {
        await connection.StartAsync(CancellationToken.None);
        await Poll.UntilAsync(
            "There is no connection to the store.",
            TimeSpan.FromSeconds(30),
            async () => (await connection.Connected).IsConnected
        );
    }

    public static StoreClock NewClock() =>
        new(TimeProvider.System, NullLogger<StoreClock>.Instance);

    // Tests share the machine: they test whether a result is right, not how fast it is.
    private RedisConnection Connect(RedisOptions redis, int timeoutMs = 10_000)
    {
        var room = new StoreRoom();
        host = folder is null
            ? null
            : new EmbeddedHost(
                Options.Create(new EmbeddedOptions { DataDirectory = folder.Path }),
                room,
                new FakeLogger<EmbeddedHost>(Log.Collector)
            );
        return new RedisConnection(
            Options.Create(redis),
            Options.Create(new StoreOptions { TimeoutMs = timeoutMs }),
            room,
            NewClock(),
            Log,
            host
        );
    }
}

/// <summary>Tests that run against the embedded store and against a real Redis.</summary>
[TestFixture(StoreKind.Embedded)]
[TestFixture(StoreKind.Redis)]
public abstract class StoreTests(StoreKind kind)
{
    private protected TestStore Store { get; private set; } = null!;

    private protected RedisInvalidationChannel Invalidations { get; private set; } = null!;

    private protected RedisCounterStore Counters { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task ConnectAsync()
    {
        Store = await TestStore.GetAsync(kind);
        Invalidations = new RedisInvalidationChannel(
            Store.Connection,
            TimeProvider.System,
            NullLogger<RedisInvalidationChannel>.Instance
        );
        Counters = new RedisCounterStore(Store.Connection, Invalidations, TimeProvider.System);
        await Invalidations.StartAsync(CancellationToken.None);
        await new CheckProbe(Store.Connection, Counters).WarmUpAsync(CancellationToken.None);
    }

    [OneTimeTearDown]
    public async Task DisconnectAsync()
    {
        await Invalidations.StopAsync(CancellationToken.None);
        Invalidations.Dispose();
        Counters.Dispose();
    }
}
