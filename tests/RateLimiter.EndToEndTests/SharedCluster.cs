using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests;

/// <summary>A Redis Cluster of three masters and two services on it, for all tests that need one.</summary>
internal static class SharedCluster
{
    private static readonly Lazy<Task<(RedisCluster, StoreHost, Service, Service)>> Started = new(
        StartAsync
    );

    public static async Task<(Service Here, Service There)> OfAsync()
    {
        var (_, _, here, there) = await Started.Value;
        return (here, there);
    }

    public static async Task StopAsync()
    {
        if (Started.IsValueCreated)
        {
            var (cluster, host, _, _) = await Started.Value;
            await host.DisposeAsync();
            await cluster.DisposeAsync();
        }
    }

    private static async Task<(RedisCluster, StoreHost, Service, Service)> StartAsync()
    {
        var cluster = await RedisCluster.StartAsync();
        var host = StoreHost.Of(cluster.ConnectionString);
        return (cluster, host, await ServeAsync(), await ServeAsync());

        Task<Service> ServeAsync() =>
            host.ServeAsync(SharedServices.Patient, SharedServices.Open, SharedServices.Unmetered);
    }
}
