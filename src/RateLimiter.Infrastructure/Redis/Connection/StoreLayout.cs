using RateLimiter.Application.Stores;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// All servers that take writes. Results collected from one server after the other are complete only when the layout is
/// the same before and after.
/// </summary>
/// <param name="Masters">The servers that take writes, each with its shard.</param>
/// <param name="Slots">Which of them owns which slots, as a text; equal layouts have equal texts.</param>
internal sealed record StoreLayout(IReadOnlyList<(int Shard, IServer Server)> Masters, string Slots)
{
    /// <summary>Finds the layout that the store has now.</summary>
    /// <exception cref="StoreUnavailableException">
    /// The store did not reply, or one of the servers is not known here.
    /// </exception>
    public static async Task<StoreLayout> FindAsync(
        RedisConnection connection,
        CancellationToken cancellationToken
    )
    {
        var servers = connection.Link.Current?.GetServers() ?? [];
        var master = Find(server => server is { IsConnected: true, IsReplica: false });
        if (!connection.IsCluster)
        {
            return new StoreLayout([(0, master)], Slots: "");
        }

        // The client library's view of the slots may be a minute old.
        var cluster = await connection.AskShardAsync(
            connection.Map.Shards[0],
            _ => master.ClusterNodesAsync(),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        var owners = (cluster?.Nodes ?? [])
            .Where(node => !node.IsReplica && node.Slots.Count > 0)
            .OrderBy(node => node.NodeId, StringComparer.Ordinal)
            .ToList();
        return new StoreLayout(
            [
                .. owners.Select(node =>
                    (
                        connection.Map.ShardOfSlot(node.Slots[0].From),
                        Find(server => server.EndPoint.Equals(node.EndPoint))
                    )
                ),
            ],
            string.Join(' ', owners.Select(node => $"{node.NodeId} {string.Join(' ', node.Slots)}"))
        );

        IServer Find(Predicate<IServer> condition) =>
            Array.Find(servers, condition)
            ?? throw new StoreUnavailableException("A server of the store is not known yet.");
    }
}
