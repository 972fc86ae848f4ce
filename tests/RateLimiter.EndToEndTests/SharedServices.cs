using System.Collections.Concurrent;
using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests;

/// <summary>
/// Services for all tests that neither stop nor configure one, started when the first of them comes. Each test has a tenant of its own.
/// </summary>
[SetUpFixture]
public sealed class SharedServices
{
    /// <summary>Waits that a busy machine does not exceed; what happens after them has tests of its own.</summary>
    public static readonly (string Name, string Value) Patient = ("Store__TimeoutMs", "5000");

    /// <summary>So many registrations that no test comes near.</summary>
    public static readonly (string Name, string Value) Open = (
        "Registration__PermitLimit",
        "1000000"
    );

    /// <summary>So many wrong keys that no test comes near.</summary>
    public static readonly (string Name, string Value) Forgiving = (
        "Authentication__FailureLimit",
        "1000000"
    );

    /// <summary>Administrative calls at any rate: all tests come from one address.</summary>
    public static readonly (string Name, string Value) Unmetered = (
        "Quotas__AdministrativeCallsPerSecond",
        "0"
    );

    /// <summary>The tests are a proxy, and speak for as many callers as they like.</summary>
    public static readonly (string Name, string Value) BehindProxy = (
        "Proxies__Trusted",
        "127.0.0.1"
    );

    private static readonly ConcurrentDictionary<string, Lazy<Task<SharedService>>> Started = new();

    /// <summary>Anybody may register as often as he likes.</summary>
    public static Task<SharedService> OfAsync(Store store) =>
        StartedAsync($"{store}", store, Patient, Open, Forgiving, Unmetered);

    /// <summary>Registrations are limited as they are by default, for the caller that X-Forwarded-For names.</summary>
    public static Task<SharedService> BehindProxyOfAsync(Store store) =>
        StartedAsync($"{store} behind a proxy", store, Patient, BehindProxy, Forgiving, Unmetered);

    /// <summary>A second one on the servers that <see cref="OfAsync"/> uses.</summary>
    public static Task<SharedService> SecondOfAsync(Store store) =>
        Started
            .GetOrAdd(
                $"A second one on {store}",
                _ =>
                    new(async () =>
                    {
                        var (host, _) = await OfAsync(store);
                        return new SharedService(
                            host,
                            await host.ServeAsync(Patient, Open, Forgiving, Unmetered)
                        );
                    })
            )
            .Value;

    /// <summary>
    /// Settings of a service of a test that needs a store, but none in particular: a real Redis where there is one, because
    /// the embedded store is more than half of what it takes to start.
    /// </summary>
    public static async Task<IReadOnlyList<(string Name, string Value)>> AnyStoreAsync() =>
        RedisServer.IsAvailable ? (await OfAsync(Store.Redis)).Host.Settings : [];

    [OneTimeTearDown]
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
        Store store,
        params (string Name, string Value)[] settings
    ) => Started.GetOrAdd(name, _ => new(() => StartAsync(store, settings))).Value;

    private static async Task<SharedService> StartAsync(
        Store store,
        (string Name, string Value)[] settings
    )
    {
        var host = await StoreHost.StartAsync(store);
        return new SharedService(host, await host.ServeAsync(settings));
    }
}

/// <param name="Host">Its store.</param>
/// <param name="Service">The service.</param>
public sealed record SharedService(StoreHost Host, Service Service);
