using System.Collections.Concurrent;
using RateLimiter.TestStores;

namespace RateLimiter.TestServices;

/// <summary>
/// Services for all tests that neither stop nor configure one, started on first use. Each test has its own tenant.
/// </summary>
public static class SharedServices
{
    /// <summary>Timeouts that a busy machine does not exceed; the behaviour after them has its own tests.</summary>
    public static readonly (string Name, string Value) Patient = ("Store__TimeoutMs", "5000");

    /// <summary>More registrations than any test makes.</summary>
    public static readonly (string Name, string Value) Open = (
        "Registration__PermitLimit",
        "1000000"
    );

    /// <summary>More wrong keys than any test sends.</summary>
    public static readonly (string Name, string Value) Forgiving = (
        "Authentication__FailureLimit",
        "1000000"
    );

    /// <summary>No rate limit of administrative calls: all tests have the same address.</summary>
    public static readonly (string Name, string Value) Unmetered = (
        "Quotas__AdministrativeCallsPerSecond",
        "0"
    );

    /// <summary>The tests are a trusted proxy, and act for any number of callers.</summary>
    public static readonly (string Name, string Value) BehindProxy = (
        "Proxies__Trusted",
        "127.0.0.1"
    );

    private static readonly ConcurrentDictionary<string, Lazy<Task<SharedService>>> Started = new();

    /// <summary>On the store of the test run; registrations are not limited.</summary>
    public static Task<SharedService> OfAsync() => OfAsync(StoreHost.OfTheRun);

    /// <summary>Registrations are not limited.</summary>
    public static Task<SharedService> OfAsync(Store store) =>
        StartedAsync(
            $"{store}",
            async () =>
            {
                var host = await StoreHost.StartAsync(store);
                return (host, await host.ServeAsync(Patient, Open, Forgiving, Unmetered));
            }
        );

    /// <summary>
    /// On the store of the test run; registrations have the default limit, for the caller that X-Forwarded-For names.
    /// </summary>
    public static Task<SharedService> BehindProxyOfAsync() =>
        BehindProxyOfAsync(StoreHost.OfTheRun);

    /// <summary>Registrations have the default limit, for the caller that X-Forwarded-For names.</summary>
    public static Task<SharedService> BehindProxyOfAsync(Store store) =>
        StartedAsync(
            $"{store} behind a proxy",
            async () =>
            {
                var host = await StoreHost.StartAsync(store);
                return (host, await host.ServeAsync(Patient, BehindProxy, Forgiving, Unmetered));
            }
        );

    /// <summary>A process of its own, for what is shared in a process, such as metrics.</summary>
    public static Task<SharedService> AloneOfAsync(Store store) =>
        StartedAsync(
            $"A process on {store}",
            async () =>
            {
                var host = await StoreHost.StartAsync(store);
                return (host, await host.ServeAloneAsync(Patient, Open, Forgiving, Unmetered));
            }
        );

    /// <summary>A second service on the servers that <see cref="OfAsync(Store)"/> uses.</summary>
    public static Task<SharedService> SecondOfAsync(Store store) =>
        StartedAsync(
            $"A second one on {store}",
            async () =>
            {
                var (host, _) = await OfAsync(store);
                return (host, await host.ServeAsync(Patient, Open, Forgiving, Unmetered));
            }
        );

    /// <summary>Two services on one store, or one and the same on the embedded store, which only one service can use.</summary>
    public static async Task<(Service Here, Service There)> TwoOfAsync(Store store)
    {
        var (_, first) = await OfAsync(store);
        return store == Store.Embedded
            ? (first, first)
            : (first, (await SecondOfAsync(store)).Service);
    }

    /// <summary>
    /// Settings of a service for a test that needs any store: a real Redis if one is installed, because the embedded store
    /// is more than half of the cost of a start.
    /// </summary>
    public static async Task<IReadOnlyList<(string Name, string Value)>> AnyStoreAsync() =>
        RedisServer.IsAvailable ? (await OfAsync(Store.Redis)).Host.Settings : [];

    /// <summary>At the end of a run.</summary>
    public static async Task StopAsync()
    {
        var running = await Task.WhenAll(
            Started
                .Values.Select(started => started.Value)
                .Where(service => service.IsCompletedSuccessfully)
        );
        var hosts = running.Select(service => service.Host).Distinct();
        await Task.WhenAll(hosts.Select(host => host.DisposeAsync().AsTask()));
        await PostgresServer.StopSharedAsync();
    }

    private static Task<SharedService> StartedAsync(
        string name,
        Func<Task<(StoreHost Host, Service Service)>> start
    ) =>
        Started
            .GetOrAdd(
                name,
                _ =>
                    new(async () =>
                    {
                        var (host, service) = await start();
                        return new SharedService(host, service);
                    })
            )
            .Value;
}

/// <param name="Host">Its store.</param>
/// <param name="Service">The service.</param>
public sealed record SharedService(StoreHost Host, Service Service);
