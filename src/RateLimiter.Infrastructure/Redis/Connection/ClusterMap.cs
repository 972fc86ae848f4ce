using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// The shards of the store: what can be unavailable on its own. In a cluster each master is a shard; every other store
/// is a single shard, 0.
/// </summary>
internal sealed class ClusterMap
{
    /// <summary>The most masters that are distinguished.</summary>
    internal const int MaxShards = 128;

    private const int NoSlot = -1;
    private const int Slots = 16_384;

    private readonly RedisLink link;

    // A master that takes over from another is another shard.
    private readonly Dictionary<string, byte> shardOfNode = [];
    private ClusterConfiguration? known;
    private volatile View view = new([], [0], new Dictionary<int, string>());

    /// <param name="link">The connections whose servers it follows.</param>
    public ClusterMap(RedisLink link)
    {
        this.link = link;
        link.Used += Follow;
    }

    /// <summary>Whether the keys are distributed over slots, so that one call may only name keys of one slot.</summary>
    public bool IsCluster => SlotOf("") != NoSlot;

    /// <summary>The shards that have keys.</summary>
    public IReadOnlyList<int> Shards => view.Shards;

    /// <summary>The slot of a key in a cluster; otherwise the same value for all keys.</summary>
    public int SlotOf(RedisKey key) => link.Current?.HashSlot(key) ?? NoSlot;

    /// <summary>The shard that has a key, from 0.</summary>
    public int ShardOf(RedisKey key) =>
        SlotOf(key) is not NoSlot and var slot ? ShardOfSlot(slot) : 0;

    /// <summary>The shard that owns a slot.</summary>
    public int ShardOfSlot(int slot) =>
        view.ShardOfSlot is { Length: > 0 } shards ? shards[slot] : 0;

    /// <summary>Where a shard is, as a suffix for messages; empty where there is only one.</summary>
    public string PlaceOf(int shard) => view.Places.GetValueOrDefault(shard, "");

    /// <summary>Updates the map from what the client library knows about the cluster. Not thread-safe.</summary>
    public void Follow()
    {
        var configuration = link
            .Current?.GetServers()
            .Where(server => server.IsConnected && server.ServerType == ServerType.Cluster)
            .Select(server => server.ClusterConfiguration)
            .FirstOrDefault(configuration => configuration is not null);
        if (configuration is null || ReferenceEquals(configuration, known))
        {
            return;
        }

        known = configuration;
        var partOfSlot = new byte[Slots];
        var places = new Dictionary<int, string>();
        foreach (
            var master in configuration.Nodes.Where(node => !node.IsReplica && node.Slots.Count > 0)
        )
        {
            if (!shardOfNode.TryGetValue(master.NodeId, out var shard))
            {
                shard = (byte)(shardOfNode.Count % MaxShards);
                shardOfNode.Add(master.NodeId, shard);
            }

            places[shard] = $" at {master.EndPoint}";
            foreach (var range in master.Slots)
            {
                Array.Fill(partOfSlot, shard, range.From, range.To - range.From + 1);
            }
        }

        view = new View(partOfSlot, [.. places.Keys], places);
    }

    private sealed record View(
        byte[] ShardOfSlot,
        IReadOnlyList<int> Shards,
        IReadOnlyDictionary<int, string> Places
    );
}
