using RateLimiter.Bench;

namespace RateLimiter.Soak;

/// <summary>Several instances of the service on one durable Redis, with a proxy between.</summary>
internal sealed class Deployment
{
    private const string FolderInMemory = "/dev/shm";
    private const long Gigabyte = 1 << 30;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly string storeFolder = new TemporaryFolder(StoreParent).Path;

    private Deployment(int instances)
    {
        Store = RedisServer.RunDurable(storeFolder, RedisServer.FreePort());
        Proxy = new StoreProxy(Store.Port);
        Instances =
        [
            .. Enumerable.Range(0, instances).Select(number => new Instance(number, Proxy.Port)),
        ];
    }

    public RedisServer Store { get; private set; }

    public StoreProxy Proxy { get; }

    public IReadOnlyList<Instance> Instances { get; }

    public static async Task<Deployment> StartAsync(int instances)
    {
        var deployment = new Deployment(instances);
        await deployment.Store.Process.WaitUntilReadyAsync();
        foreach (var instance in deployment.Instances)
        {
            await instance.StartAsync();
            await WaitUntilReadyAsync(instance);
        }

        return deployment;
    }

    public void KillStore()
    {
        Store.Process.Dispose();
        Proxy.Become(Behaviour.Refusing);
    }

    /// <summary>Starts the store again, and waits until it has loaded its file.</summary>
    public async Task RestartStoreAsync()
    {
        Store = RedisServer.RunDurable(storeFolder, Store.Port);
        Proxy.Become(Behaviour.Passing);
        await Store.Process.WaitUntilReadyAsync();
    }

    // What a killed process has written survives without a disk too, and a slow disk is not what is tested.
    private static string? StoreParent =>
        Directory.Exists(FolderInMemory)
        && new DriveInfo(FolderInMemory).AvailableFreeSpace >= Gigabyte
            ? FolderInMemory
            : null;

    private static async Task WaitUntilReadyAsync(Instance instance)
    {
        using var caller = instance.Service.CreateClient();
        while (true)
        {
            using var answer = await caller.GetAsync("/health/ready");
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            await Task.Delay(Poll);
        }
    }
}
