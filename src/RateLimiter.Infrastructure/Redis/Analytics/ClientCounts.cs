using RateLimiter.Domain;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>The counts of names of all clients, by client.</summary>
/// <param name="clientOf">The client of a name.</param>
/// <param name="maxRoom">The most names that capacity is kept for, over all clients.</param>
internal sealed class ClientCounts<TKey>(Func<TKey, ClientId> clientOf, int maxRoom)
    where TKey : struct
{
    // Reused from one write to the next: for a busy client it is so large that allocating it again would cause full
    // garbage collections.
    private readonly Dictionary<ClientId, List<KeyValuePair<TKey, NamedTally>>> countsOf = [];

    /// <summary>Takes over the counts of all clients; those of an earlier call are forgotten.</summary>
    public void Group(IEnumerable<KeyValuePair<TKey, NamedTally>> counts)
    {
        if (countsOf.Values.Sum(names => names.Capacity) > maxRoom)
        {
            countsOf.Clear();
        }

        foreach (var names in countsOf.Values)
        {
            names.Clear();
        }

        foreach (var count in counts)
        {
            var client = clientOf(count.Key);
            if (!countsOf.TryGetValue(client, out var names))
            {
                countsOf.Add(client, names = []);
            }

            names.Add(count);
        }
    }

    /// <summary>The counts of a client.</summary>
    public IReadOnlyList<KeyValuePair<TKey, NamedTally>> Of(ClientId client) =>
        countsOf.GetValueOrDefault(client) ?? [];

    /// <summary>The names with the most checks.</summary>
    /// <param name="all">All names.</param>
    /// <param name="count">The maximum number of names.</param>
    public static List<KeyValuePair<TKey, NamedTally>> First(
        IEnumerable<KeyValuePair<TKey, NamedTally>> all,
        int count
    )
    {
        var first = new PriorityQueue<KeyValuePair<TKey, NamedTally>, long>(count + 1);
        foreach (var name in all)
        {
            first.Enqueue(name, name.Value.Weight);
            if (first.Count > count)
            {
                first.Dequeue();
            }
        }

        return [.. first.UnorderedItems.Select(item => item.Element)];
    }
}
