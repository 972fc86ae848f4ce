using System.Diagnostics.CodeAnalysis;
using RateLimiter.Domain;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// A queue in which tenants take turns. The items of one tenant stay in order and wait only behind each other: in each
/// round every tenant gets as much work done as any other, however much of its work waits. Not thread-safe.
/// </summary>
/// <param name="turn">
/// The work done for a tenant before the next one's turn; an item that begins within the turn may exceed it, which is
/// deducted from the following turns.
/// </param>
internal sealed class FairQueue<T>(int turn)
{
    private readonly Dictionary<ClientId, Lane> lanes = [];
    private readonly Queue<Lane> turns = new();

    // The lane that was emptied last, for reuse: usually one at a time is needed, again and again.
    private Lane? spare;

    /// <summary>The number of waiting items.</summary>
    public int Count { get; private set; }

    /// <summary>The waiting items of each tenant, in order.</summary>
    public IEnumerable<IEnumerable<T>> Lanes =>
        turns.Select(lane => lane.Items.Select(item => item.Item));

    /// <summary>
    /// Whether a tenant has a full share of this many items, if all waiting tenants have the same share.
    /// </summary>
    public bool HasShareOf(int items, ClientId tenant) =>
        lanes.TryGetValue(tenant, out var lane) && (long)lane.Items.Count * lanes.Count >= items;

    public void Enqueue(ClientId tenant, T item, int work)
    {
        if (!lanes.TryGetValue(tenant, out var lane))
        {
            lane = spare ?? new Lane();
            spare = null;
            lane.Tenant = tenant;
            lane.Credit = turn;
            lanes.Add(tenant, lane);
            turns.Enqueue(lane);
        }

        lane.Items.Enqueue((item, work));
        Count++;
    }

    /// <summary>Takes the next item, if its work is within the given room.</summary>
    public bool TryDequeue(int room, [MaybeNullWhen(false)] out T item)
    {
        while (turns.TryPeek(out var lane))
        {
            if (lane.Credit <= 0)
            {
                lane.Credit += turn;
                turns.Enqueue(turns.Dequeue());
                continue;
            }

            var next = lane.Items.Peek();
            if (next.Work > room)
            {
                break;
            }

            lane.Items.Dequeue();
            lane.Credit -= next.Work;
            Count--;
            if (lane.Items.Count == 0)
            {
                turns.Dequeue();
                lanes.Remove(lane.Tenant);
                spare = lane;
            }

            item = next.Item;
            return true;
        }

        item = default;
        return false;
    }

    private sealed class Lane
    {
        public Queue<(T Item, int Work)> Items { get; } = new();

        public ClientId Tenant { get; set; }

        public int Credit { get; set; }
    }
}
