namespace RateLimiter.TestStores;

/// <summary>
/// A real Redis with two replicas, watched by three sentinels: six processes of redis-server on the loopback, which end
/// with the tests. When the master is dead, the sentinels promote one of the replicas within a few seconds.
/// </summary>
public sealed class RedisSentinel : IAsyncDisposable
{
    private const string Name = "mymaster";
    private const int ReplicaCount = 2;
    private const int SentinelCount = 3;
    private const int Quorum = 2;
    private const int DownAfterMs = 1000;
    private const int FailoverTimeoutMs = 3000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly List<RedisNode> nodes = [];
    private readonly List<RedisNode> sentinels = [];

    private RedisSentinel() { }

    /// <summary>The master and its replicas, whatever their role.</summary>
    public IReadOnlyList<RedisNode> Nodes => nodes;

    public IReadOnlyList<RedisNode> Sentinels => sentinels;

    /// <summary>In the syntax of StackExchange.Redis: the sentinels, and the name of the watched service.</summary>
    public string ConnectionString =>
        $"{string.Join(',', sentinels.Select(sentinel => sentinel.Address))},serviceName={Name}";

    /// <summary>
    /// Starts it, and waits until the sentinels know each other and the replicas. If redis-server is not installed, the
    /// test is skipped with a message, or fails when a real Redis is required.
    /// </summary>
    public static async Task<RedisSentinel> StartAsync()
    {
        RedisNode.MustBeInstalled();
        var watched = new RedisSentinel();
        try
        {
            await watched.StartAllAsync();
            return watched;
        }
        catch
        {
            await watched.DisposeAsync();
            throw;
        }
    }

    /// <summary>The master, as a sentinel knows it.</summary>
    public async Task<RedisNode> MasterAsync() =>
        await MasterAsync(sentinels.First(sentinel => sentinel.IsRunning));

    /// <summary>Makes a sentinel replace the master, which keeps running.</summary>
    public static Task<string> ReplaceMasterAsync(RedisNode sentinel) =>
        sentinel.AskAsync("SENTINEL", "FAILOVER", Name);

    /// <summary>The epoch of the latest failover that a sentinel knows of.</summary>
    public async Task<long> FindEpochAsync()
    {
        var epochs = new List<long>();
        foreach (var sentinel in sentinels.Where(sentinel => sentinel.IsRunning))
        {
            var master = (await sentinel.AskAsync("SENTINEL", "MASTER", Name)).Split('\n');
            epochs.Add(
                long.Parse(
                    master[Array.IndexOf(master, "config-epoch") + 1],
                    System.Globalization.CultureInfo.InvariantCulture
                )
            );
        }

        return epochs.Max();
    }

    /// <summary>Kills the master, as a crash would.</summary>
    /// <returns>The killed node.</returns>
    public async Task<RedisNode> KillMasterAsync()
    {
        var master = await MasterAsync();
        await master.KillAsync();
        return master;
    }

    /// <summary>Waits until all sentinels name another master, and that node is one.</summary>
    /// <returns>How long it took.</returns>
    public Task<TimeSpan> WaitForFailoverAsync(RedisNode gone) =>
        Poll.UntilAsync(
            "No replica has taken the master's place.",
            Patience,
            async () =>
            {
                foreach (var sentinel in sentinels.Where(sentinel => sentinel.IsRunning))
                {
                    var master = await MasterAsync(sentinel);
                    if (master == gone || !await HasAsync(master, "role:master"))
                    {
                        return false;
                    }
                }

                return true;
            }
        );

    /// <summary>
    /// Starts a node again, and waits until it follows the master. For the first few seconds, a former master still
    /// considers itself the master.
    /// </summary>
    public async Task RestartAsync(RedisNode node)
    {
        await node.RunAsync();
        await Poll.UntilAsync(
            "The node does not follow the master.",
            Patience,
            async () =>
                await HasAsync(node, "master_link_status:up")
                && await HasAsync(node, $"master_port:{(await MasterAsync()).Port}")
        );
    }

    /// <summary>Kills all nodes, as a crash would.</summary>
    public async Task KillAsync()
    {
        foreach (var node in nodes.Concat(sentinels))
        {
            await node.KillAsync();
        }
    }

    /// <summary>Starts all nodes again after <see cref="KillAsync"/>.</summary>
    public async Task RunAsync()
    {
        foreach (var node in nodes.Concat(sentinels))
        {
            await node.RunAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in sentinels.Concat(nodes))
        {
            await node.DisposeAsync();
        }
    }

    private async Task StartAllAsync()
    {
        var master = await RedisNode.StartAsync(() =>
            ["appendonly yes", "repl-diskless-sync-delay 0"]
        );
        nodes.Add(master);
        for (var i = 0; i < ReplicaCount; i++)
        {
            var replica = await RedisNode.StartAsync(() =>
                [
                    "appendonly yes",
                    "repl-diskless-sync-delay 0",
                    $"replicaof {RedisNode.Host} {master.Port}",
                ]
            );
            nodes.Add(replica);
        }

        await Poll.UntilAsync(
            "The replicas do not come up.",
            Patience,
            async () =>
                await HasAsync(nodes[1], "master_link_status:up")
                && await HasAsync(nodes[2], "master_link_status:up")
        );
        for (var i = 0; i < SentinelCount; i++)
        {
            var sentinel = await RedisNode.StartAsync(
                () =>
                    [
                        $"sentinel monitor {Name} {RedisNode.Host} {master.Port} {Quorum}",
                        $"sentinel down-after-milliseconds {Name} {DownAfterMs}",
                        $"sentinel failover-timeout {Name} {FailoverTimeoutMs}",
                        $"sentinel announce-ip {RedisNode.Host}",
                    ],
                "--sentinel"
            );
            sentinels.Add(sentinel);
        }

        await Poll.UntilAsync(
            "The sentinels do not find each other.",
            Patience,
            async () =>
            {
                foreach (var sentinel in sentinels)
                {
                    var state = await sentinel.AskAsync("INFO", "sentinel");
                    if (
                        !state.Contains(
                            $"slaves={ReplicaCount},sentinels={SentinelCount}",
                            StringComparison.Ordinal
                        )
                    )
                    {
                        return false;
                    }
                }

                return true;
            }
        );
    }

    /// <summary>The master, as one of the sentinels knows it.</summary>
    public async Task<RedisNode> MasterAsync(RedisNode sentinel)
    {
        var address = await sentinel.AskAsync("SENTINEL", "GET-MASTER-ADDR-BY-NAME", Name);
        return nodes.Single(node => node.Address == address.Replace('\n', ':'));
    }

    // A sentinel that gives a node another role closes the connections of its clients, also of the one that asks here.
    private static async Task<bool> HasAsync(RedisNode node, string state)
    {
        try
        {
            return node.IsRunning
                && (await node.AskAsync("INFO", "replication")).Contains(
                    state,
                    StringComparison.Ordinal
                );
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
