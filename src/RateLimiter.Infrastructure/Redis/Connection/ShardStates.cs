using Microsoft.Extensions.Logging;
using RateLimiter.Application.Stores;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// The state of each shard: whether it replies (<see cref="StoreCircuit"/>), and whether it has room. A cluster can lose
/// some of its servers and keep the others.
/// </summary>
/// <param name="map">The shards.</param>
/// <param name="room">Whether the store as a whole has room.</param>
/// <param name="time">The clock of the circuits.</param>
/// <param name="logger">Logs each change.</param>
internal sealed class ShardStates(ClusterMap map, StoreRoom room, TimeProvider time, ILogger logger)
{
    private readonly StoreCircuit[] circuits =
    [
        .. Enumerable
            .Range(0, ClusterMap.MaxShards)
            .Select(shard => new StoreCircuit(() => map.PlaceOf(shard), time, logger)),
    ];

    private readonly bool[] full = new bool[ClusterMap.MaxShards];

    /// <summary>The last failure, when all shards are failing; else null.</summary>
    public string? Failure =>
        map.Shards.All(IsFailing)
            ? map.Shards.Select(shard => circuits[shard].Failure).FirstOrDefault()
            : null;

    /// <summary>How often any of the circuits has opened, and closed.</summary>
    public (long Opened, long Closed) Transitions =>
        (circuits.Sum(circuit => circuit.Opened), circuits.Sum(circuit => circuit.Closed));

    /// <summary>The circuit of a shard.</summary>
    public StoreCircuit CircuitOf(int shard) => circuits[shard];

    /// <summary>
    /// Whether a shard has failed to reply, and no probe since then has done everything that a check does.
    /// </summary>
    public bool IsFailing(int shard) => circuits[shard].Failure is not null;

    /// <summary>
    /// Whether a shard of Redis has reported that it is out of memory; a server that the service runs itself reports this
    /// through <see cref="StoreRoom"/>.
    /// </summary>
    public bool IsFull(int shard) => Volatile.Read(ref full[shard]);

    /// <summary>Whether the store, or a shard of it, stores nothing new.</summary>
    public bool IsFull() => room.IsFull || map.Shards.Any(IsFull);

    /// <summary>Records whether a shard of Redis accepts writes that need memory.</summary>
    public void NoteFull(int shard, bool isFull)
    {
        if (Interlocked.Exchange(ref full[shard], isFull) == isFull)
        {
            return;
        }

        if (!map.IsCluster)
        {
            // The whole store is full. In a cluster, the other shards continue.
            room.Note(isFull);
        }

        if (isFull)
        {
            logger.StoreFull(map.PlaceOf(shard));
        }
        else
        {
            logger.StoreHasRoom(map.PlaceOf(shard));
        }
    }
}
