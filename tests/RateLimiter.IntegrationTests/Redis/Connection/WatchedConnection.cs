using System.Net;
using Microsoft.Extensions.Logging.Testing;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Health;
using RateLimiter.IntegrationTests.Redis.Checks;

namespace RateLimiter.IntegrationTests.Redis.Connection;

/// <summary>A connection with all its monitors, as in the service.</summary>
internal sealed class WatchedConnection : IAsyncDisposable
{
    private const int TimeoutMs = 500;

    private readonly StoreMonitor monitor;
    private readonly ConnectionRenewal renewal;
    private readonly RedisCounterStore counters;
    private int users;

    private WatchedConnection(
        RedisConnection connection,
        FakeLogCollector log,
        Func<string, CancellationToken, Task<IPAddress[]>>? resolve
    )
    {
        Connection = connection;
        Log = log;
        Invalidations = new RedisInvalidationChannel(
            connection,
            TimeProvider.System,
            new FakeLogger<RedisInvalidationChannel>(log)
        );
        counters = new RedisCounterStore(connection, Invalidations, TimeProvider.System);
        monitor = new StoreMonitor(
            connection,
            new CheckProbe(connection, counters),
            TimeProvider.System,
            new FakeLogger<StoreMonitor>(log)
        );
        renewal = new ConnectionRenewal(
            connection,
            Invalidations,
            TimeProvider.System,
            new FakeLogger<ConnectionRenewal>(log)
        )
        {
            Resolve = resolve ?? Dns.GetHostAddressesAsync,
        };
    }

    public RedisConnection Connection { get; }

    public RedisInvalidationChannel Invalidations { get; }

    /// <summary>What the connection and its monitors log.</summary>
    public FakeLogCollector Log { get; }

    /// <summary>Why connections were renewed.</summary>
    public IEnumerable<string> Renewals =>
        Log.Messages()
            .Where(line =>
                line.StartsWith("The connections to the store were stale", StringComparison.Ordinal)
            );

    public static async Task<WatchedConnection> StartAsync(
        string connectionString,
        Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null
    )
    {
        var log = new FakeLogCollector();
        var connection = await TestStore.ConnectAsync(
            connectionString,
            TimeoutMs,
            new FakeLogger<RedisConnection>(log)
        );
        var watched = new WatchedConnection(connection, log, resolve);
        await watched.Invalidations.StartAsync(CancellationToken.None);
        await new CheckProbe(watched.Connection, watched.counters).WarmUpAsync(
            CancellationToken.None
        );
        await watched.monitor.StartAsync(CancellationToken.None);
        await watched.renewal.StartAsync(CancellationToken.None);
        return watched;
    }

    /// <summary>Checks a user that was never checked before.</summary>
    /// <returns>Whether the store decided.</returns>
    public async Task<bool> IsDecidedAsync()
    {
        var limit = CounterStoreExtensions.Limit(Algorithm.FixedWindow, 1, 60);
        var subject = new Subject(new ClientId("watched"), $"{users++}", null);
        var request = new CheckPlan(subject, CounterStoreExtensions.Policy(limit), Cost: 1);
        return await counters.AcquireAsync(request, CancellationToken.None) is { Allowed: true };
    }

    public async ValueTask DisposeAsync()
    {
        await renewal.StopAsync(CancellationToken.None);
        await monitor.StopAsync(CancellationToken.None);
        await Invalidations.StopAsync(CancellationToken.None);
        renewal.Dispose();
        monitor.Dispose();
        Invalidations.Dispose();
        counters.Dispose();
        await Connection.DisposeAsync();
    }
}
