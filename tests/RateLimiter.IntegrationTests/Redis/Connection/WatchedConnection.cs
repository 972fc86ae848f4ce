using System.Net;
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
        MessageLog log,
        Func<string, CancellationToken, Task<IPAddress[]>>? resolve
    )
    {
        Connection = connection;
        Log = log;
        Invalidations = new RedisInvalidationChannel(connection, TimeProvider.System, log);
        counters = new RedisCounterStore(connection, Invalidations, TimeProvider.System);
        monitor = new StoreMonitor(
            connection,
            new CheckProbe(connection, counters),
            TimeProvider.System,
            log
        );
        renewal = new ConnectionRenewal(connection, Invalidations, TimeProvider.System, log)
        {
            Resolve = resolve ?? Dns.GetHostAddressesAsync,
        };
    }

    public RedisConnection Connection { get; }

    public RedisInvalidationChannel Invalidations { get; }

    public MessageLog Log { get; }

    /// <summary>Why connections were renewed.</summary>
    public IEnumerable<string> Renewals =>
        Log.Messages.Where(line =>
            line.StartsWith("The connections to the store were stale", StringComparison.Ordinal)
        );

    public static async Task<WatchedConnection> StartAsync(
        string connectionString,
        Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null
    )
    {
        var log = new MessageLog();
        var connection = await TestStore.ConnectAsync(connectionString, TimeoutMs, log);
        var watched = new WatchedConnection(connection, log, resolve);
        await watched.Invalidations.StartAsync(CancellationToken.None);
        await new CheckProbe(watched.Connection, watched.counters).WarmUpAsync(CancellationToken.None);
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
