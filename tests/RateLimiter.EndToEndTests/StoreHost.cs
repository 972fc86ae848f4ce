using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests;

/// <summary>A store, and the services that use it. All of them end with it.</summary>
public sealed class StoreHost : IAsyncDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly List<Service> services = [];
    private readonly RedisServer? redis;

    private StoreHost(RedisServer? redis) => this.redis = redis;

    /// <summary>The real Redis, where there is one.</summary>
    public RedisServer Redis => redis ?? throw new InvalidOperationException("It is embedded.");

    /// <summary>The working directory of the services; the embedded store keeps its data under it.</summary>
    public string Directory => folder.Path;

    /// <param name="store">Which store.</param>
    /// <param name="ownProcess">Whether the test stops, pauses or watches it, so that REDIS_HOST will not do.</param>
    public static async Task<StoreHost> StartAsync(Store store, bool ownProcess = false) =>
        new(store == Store.Redis ? await RedisServer.StartAsync(ownProcess) : null);

    /// <summary>Starts a service on this store.</summary>
    public async Task<Service> ServeAsync(params (string Name, string Value)[] settings)
    {
        var service = await Service.StartAsync(Directory, [.. StoreSettings(), .. settings]);
        services.Add(service);
        return service;
    }

    /// <summary>Starts a service on this store that is to refuse to start.</summary>
    public Task<Service.Refusal> ServeInVainAsync(params (string Name, string Value)[] settings) =>
        Service.StartInVainAsync(Directory, [.. StoreSettings(), .. settings]);

    public async ValueTask DisposeAsync()
    {
        foreach (var service in services)
        {
            await service.DisposeAsync();
        }

        if (redis is not null)
        {
            await redis.DisposeAsync();
        }

        folder.Dispose();
    }

    private IEnumerable<(string Name, string Value)> StoreSettings() =>
        redis is null ? [] : [("REDIS_HOST", redis.Host), ("REDIS_PORT", $"{redis.Port}")];
}
