namespace RateLimiter.TestStores;

/// <summary>
/// A real Redis Cluster of three masters with a replica each: six processes of redis-server on the loopback, which end
/// with the tests. A dead master is replaced by its replica within a few seconds; until then, the slots of the other
/// masters are served.
/// </summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int MasterCount = 3;
    private const int NodeCount = 2 * MasterCount;
    private const int SlotCount = 16384;
    private const int KeysPerMigration = 100;
    private const string NodeTimeoutMs = "1000";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly List<RedisNode> nodes = [];

    private RedisCluster() { }

    /// <summary>All six nodes, whatever their role.</summary>
    public IReadOnlyList<RedisNode> Nodes => nodes;

    /// <summary>In the syntax of StackExchange.Redis.</summary>
    public string ConnectionString => string.Join(',', nodes.Select(node => node.Address));

    /// <summary>
    /// Starts a cluster, and waits until it works. If redis-server is not installed, the test is skipped with a
    /// message, or fails when a real Redis is required.
    /// </summary>
    public static async Task<RedisCluster> StartAsync()
    {
        RedisNode.MustBeInstalled();
        var cluster = new RedisCluster();
        try
        {
            for (var i = 0; i < NodeCount; i++)
            {
                cluster.nodes.Add(await RedisNode.StartAsync(Settings));
            }

            await cluster.JoinAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The nodes that own slots, as the running nodes see it.</summary>
    public async Task<IReadOnlyList<RedisNode>> MastersAsync() =>
        [.. (await ViewAsync()).Where(entry => entry.Slots.Count > 0).Select(entry => entry.Node)];

    /// <summary>The number of slots of a node.</summary>
    public async Task<int> SlotsOfAsync(RedisNode node) =>
        (await ViewAsync()).Single(entry => entry.Node == node).Slots.Count;

    /// <summary>The slot of a key.</summary>
    public async Task<int> SlotOfAsync(string key) =>
        int.Parse(await Running.AskAsync("CLUSTER", "KEYSLOT", key));

    /// <summary>The master that owns a key's slot.</summary>
    public async Task<RedisNode> MasterOfAsync(string key)
    {
        var slot = await SlotOfAsync(key);
        return (await ViewAsync()).Single(entry => entry.Slots.Contains(slot)).Node;
    }

    /// <summary>Kills the master that owns a key's slot, as a crash would.</summary>
    /// <returns>The killed node.</returns>
    public async Task<RedisNode> KillMasterOfAsync(string key)
    {
        var master = await MasterOfAsync(key);
        await master.KillAsync();
        return master;
    }

    /// <summary>Waits until every node knows that another node has replaced a master.</summary>
    /// <returns>How long it took.</returns>
    public Task<TimeSpan> WaitForFailoverAsync(RedisNode gone) =>
        Poll.UntilAsync(
            "No replica has taken the master's place.",
            Patience,
            () =>
                EachRunningAsync(async node =>
                    (await ViewAsync(node)).All(entry =>
                        entry.Node != gone || entry.Slots.Count == 0
                    ) && await IsCompleteAsync(node)
                )
        );

    /// <summary>Starts a node again, and waits until it has all data of the others.</summary>
    public async Task RestartAsync(RedisNode node)
    {
        await node.RunAsync();
        await WaitUntilWholeAsync();
    }

    /// <summary>Moves one slot with its keys, while they are in use.</summary>
    /// <param name="slot">The slot; see <see cref="SlotOfAsync"/>.</param>
    /// <param name="from">Its master.</param>
    /// <param name="to">The new master.</param>
    public async Task MigrateSlotAsync(int slot, RedisNode from, RedisNode to)
    {
        var masters = await MastersAsync();
        var (fromId, toId) = (await IdAsync(from), await IdAsync(to));
        await SetSlotAsync(to, "IMPORTING", fromId);
        await SetSlotAsync(from, "MIGRATING", toId);
        while (
            await from.AskAsync("CLUSTER", "GETKEYSINSLOT", $"{slot}", $"{KeysPerMigration}")
                is { Length: > 0 } keys
        )
        {
            await from.AskAsync([
                "MIGRATE",
                RedisNode.Host,
                $"{to.Port}",
                "",
                "0",
                "5000",
                "KEYS",
                .. keys.Split('\n'),
            ]);
        }

        // The new owner first: no client must be redirected to a node that does not know the slot yet.
        foreach (var node in masters.OrderBy(node => node == to ? 0 : 1))
        {
            await SetSlotAsync(node, "NODE", toId);
        }

        Task SetSlotAsync(RedisNode node, string state, string other) =>
            node.AskAsync("CLUSTER", "SETSLOT", $"{slot}", state, other);
    }

    /// <summary>
    /// Moves a number of slots with their keys from one master to another, while they are in use, and waits until every
    /// node knows.
    /// </summary>
    public async Task ReshardAsync(int count, RedisNode from, RedisNode to)
    {
        var expected = await SlotsOfAsync(to) + count;
        await RedisNode.RunClientAsync(
            "--cluster",
            "reshard",
            from.Address,
            "--cluster-from",
            await IdAsync(from),
            "--cluster-to",
            await IdAsync(to),
            "--cluster-slots",
            $"{count}",
            "--cluster-yes"
        );
        await WaitAsync(async node =>
            (await ViewAsync(node)).Single(entry => entry.Node == to).Slots.Count == expected
        );
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    private RedisNode Running => nodes.First(node => node.IsRunning);

    private static IEnumerable<string> Settings() =>
        [
            "cluster-enabled yes",
            $"cluster-port {RedisServer.FreePort()}",
            $"cluster-node-timeout {NodeTimeoutMs}",
            "cluster-require-full-coverage no",
            "repl-diskless-sync-delay 0",
            "appendonly yes",
        ];

    private async Task JoinAsync()
    {
        for (var i = 0; i < MasterCount; i++)
        {
            await nodes[i]
                .AskAsync(
                    "CLUSTER",
                    "ADDSLOTSRANGE",
                    $"{SlotCount * i / MasterCount}",
                    $"{SlotCount * (i + 1) / MasterCount - 1}"
                );
        }

        for (var i = 0; i < NodeCount; i++)
        {
            await nodes[i].AskAsync("CLUSTER", "SET-CONFIG-EPOCH", $"{i + 1}");
            if (i > 0)
            {
                var bus = await nodes[i].AskAsync("CONFIG", "GET", "cluster-port");
                await nodes[0]
                    .AskAsync(
                        "CLUSTER",
                        "MEET",
                        RedisNode.Host,
                        $"{nodes[i].Port}",
                        bus.Split('\n')[1]
                    );
            }
        }

        await WaitAsync(async node =>
            (await ViewAsync(node)).Count == NodeCount && await IsCompleteAsync(node)
        );
        for (var i = 0; i < MasterCount; i++)
        {
            await nodes[MasterCount + i].AskAsync("CLUSTER", "REPLICATE", await IdAsync(nodes[i]));
        }

        await WaitUntilWholeAsync();
    }

    // Every node must know every replica: one that does not know a replica would not promote it.
    private Task<TimeSpan> WaitUntilWholeAsync() =>
        WaitAsync(async node =>
            (await ViewAsync(node)) is { Count: NodeCount } view
            && view.Count(entry => entry.Slots.Count > 0) == MasterCount
            && view.Count(entry => entry.IsReplica) == MasterCount
            && view.All(entry => !entry.IsGone)
            && await IsCompleteAsync(node)
            && !(await node.AskAsync("INFO", "replication")).Contains(
                "master_link_status:down",
                StringComparison.Ordinal
            )
        );

    private Task<TimeSpan> WaitAsync(Func<RedisNode, Task<bool>> isSo) =>
        Poll.UntilAsync("The cluster does not settle.", Patience, () => EachRunningAsync(isSo));

    private async Task<bool> EachRunningAsync(Func<RedisNode, Task<bool>> isSo)
    {
        foreach (var node in nodes.Where(node => node.IsRunning))
        {
            if (!await isSo(node))
            {
                return false;
            }
        }

        return true;
    }

    private static async Task<bool> IsCompleteAsync(RedisNode node)
    {
        var info = await node.AskAsync("CLUSTER", "INFO");
        return info.Contains("cluster_state:ok", StringComparison.Ordinal)
            && info.Contains($"cluster_slots_ok:{SlotCount}", StringComparison.Ordinal);
    }

    private static Task<string> IdAsync(RedisNode node) => node.AskAsync("CLUSTER", "MYID");

    private Task<IReadOnlyList<Entry>> ViewAsync() => ViewAsync(Running);

    // id address@bus flags master ping pong epoch link slot…
    private async Task<IReadOnlyList<Entry>> ViewAsync(RedisNode viewer)
    {
        var view = new List<Entry>();
        foreach (var line in (await viewer.AskAsync("CLUSTER", "NODES")).Split('\n'))
        {
            var fields = line.Split(' ');
            var address = fields[1].Split('@')[0];
            var flags = fields[2].Split(',');
            // While two nodes meet, they know each other by a temporary name.
            if (
                !flags.Contains("handshake")
                && nodes.Find(node => node.Address == address) is { } node
            )
            {
                view.Add(
                    new Entry(
                        node,
                        flags.Contains("slave"),
                        flags.Any(flag => flag.StartsWith("fail", StringComparison.Ordinal)),
                        fields[8..].Where(IsOwned).SelectMany(Range).ToHashSet()
                    )
                );
            }
        }

        return view;

        // A slot that is being migrated is in brackets.
        static bool IsOwned(string slots) => !slots.StartsWith('[');

        static IEnumerable<int> Range(string slots)
        {
            var ends = slots.Split('-');
            var first = int.Parse(ends[0]);
            return Enumerable.Range(first, int.Parse(ends[^1]) - first + 1);
        }
    }

    private sealed record Entry(
        RedisNode Node,
        bool IsReplica,
        bool IsGone,
        IReadOnlySet<int> Slots
    );
}
