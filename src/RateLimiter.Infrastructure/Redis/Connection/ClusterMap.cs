using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// The parts of the store: those that can be away on their own. In a cluster each master is one; every other store is
/// a single part, 0.
/// </summary>
internal sealed class ClusterMap
{
    /// <summary>The most masters that are told apart.</summary>
    internal const int MaxShards = 128;

    private const int Slots = 16_384;

    // A master that takes over from another is another part.
    private readonly Dictionary<string, byte> shardOfNode = [];
    private ClusterConfiguration? known;
    private volatile View view = new([], [0], new Dictionary<int, string>());

    /// <summary>The parts that have keys.</summary>
    public IReadOnlyList<int> Parts => view.Parts;

    /// <summary>The part that has a slot.</summary>
    public int PartOf(int slot) => view.PartOfSlot is { Length: > 0 } parts ? parts[slot] : 0;

    /// <summary>Where a part is, to be said after its name; empty where there is only one.</summary>
    public string PlaceOf(int shard) => view.Places.GetValueOrDefault(shard, "");

    /// <summary>Takes over what is known of the cluster. Not to be called by two at once.</summary>
    public void Follow(ClusterConfiguration? configuration)
    {
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
        byte[] PartOfSlot,
        IReadOnlyList<int> Parts,
        IReadOnlyDictionary<int, string> Places
    );
}
