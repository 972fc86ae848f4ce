using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RateLimiter.Infrastructure.Embedded;
using RateLimiter.Infrastructure.Redis;
using RateLimiter.TestStores;

namespace RateLimiter.IntegrationTests.Redis;

public enum StoreKind
{
    Embedded,
    Redis,
}

/// <summary>One store of each kind for all tests, which keep apart by clients of their own.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    private static readonly SemaphoreSlim Gate = new(1);
    private static readonly Dictionary<StoreKind, TestStore> Started = [];

    private readonly TemporaryFolder? folder;
    private readonly RedisServer? server;
    private readonly List<RedisConnection> connections = [];

    private TestStore(RedisConnection connection, TemporaryFolder? folder, RedisServer? server)
    {
        Connection = connection;
        connections.Add(connection);
        this.folder = folder;
        this.server = server;
    }

    public RedisConnection Connection { get; }

    /// <summary>The store of a kind. Skips the test, by name, where there is no real Redis.</summary>
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

    public static async Task StopAllAsync()
    {
        foreach (var store in Started.Values)
        {
            await store.DisposeAsync();
        }
    }

    /// <summary>Another connection to the real Redis, as another instance of the service would have.</summary>
    public async Task<RedisConnection> ConnectAgainAsync(ILogger<RedisConnection>? logger = null)
    {
        if (server is null)
        {
            return Connection;
        }

        var connection = await ConnectAsync(
            new RedisOptions { ConnectionString = server.ConnectionString },
            new EmbeddedOptions(),
            logger
        );
        connections.Add(connection);
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in connections)
        {
            await connection.DisposeAsync();
        }

        if (server is not null)
        {
            await server.DisposeAsync();
        }

        folder?.Dispose();
    }

    private static async Task<TestStore> StartEmbeddedAsync()
    {
        var folder = new TemporaryFolder();
        var embedded = new EmbeddedOptions { DataDirectory = folder.Path };
        return new TestStore(await ConnectAsync(new RedisOptions(), embedded), folder, null);
    }

    private static async Task<TestStore> StartRedisAsync()
    {
        var server = await RedisServer.StartAsync();
        var redis = new RedisOptions { ConnectionString = server.ConnectionString };
        return new TestStore(await ConnectAsync(redis, new EmbeddedOptions()), null, server);
    }

    private static async Task<RedisConnection> ConnectAsync(
        RedisOptions redis,
        EmbeddedOptions embedded,
        ILogger<RedisConnection>? logger = null
    )
    {
        var connection = new RedisConnection(
            Options.Create(redis),
            Options.Create(embedded),
            // Tests share the machine with each other: what they ask is whether an answer is right, not how fast it is.
            Options.Create(new StoreOptions { TimeoutMs = 10_000 }),
            logger ?? NullLogger<RedisConnection>.Instance
        );
        await connection.StartAsync(CancellationToken.None);
        await connection.Connected;
        return connection;
    }
}

[SetUpFixture]
public sealed class TestStores
{
    [OneTimeTearDown]
    public Task StopAsync() => TestStore.StopAllAsync();
}

/// <summary>Tests that run against the embedded store and against a real Redis.</summary>
[TestFixture(StoreKind.Embedded)]
[TestFixture(StoreKind.Redis)]
public abstract class StoreTests(StoreKind kind)
{
    private protected TestStore Store { get; private set; } = null!;

    private protected RedisCounterStore Counters { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task ConnectAsync()
    {
        Store = await TestStore.GetAsync(kind);
        Counters = new RedisCounterStore(Store.Connection);
        await Counters.StartAsync(CancellationToken.None);
    }
}
