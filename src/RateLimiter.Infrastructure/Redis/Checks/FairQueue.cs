using System.Diagnostics.CodeAnalysis;
using RateLimiter.Domain;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// A queue in which tenants take turns. What is of one tenant stays in its order and waits behind its own: in each round
/// every tenant gets as much work done as any other, however much of it waits. Not safe for several threads.
/// </summary>
/// <param name="turn">How much work a tenant gets done before it is the next one's turn; beyond it goes only what was begun
/// within it, and is made up for in the turns that follow.</param>
internal sealed class FairQueue<T>(int turn)
{
    private readonly Dictionary<ClientId, Lane> lanes = [];
    private readonly Queue<Lane> turns = new();

    // The one that was emptied last: mostly one is needed at a time, over and over.
    private Lane? spare;

    /// <summary>How many items wait.</summary>
    public int Count { get; private set; }

    /// <summary>What waits of each tenant, in its order.</summary>
    public IEnumerable<IEnumerable<T>> Lanes =>
        turns.Select(lane => lane.Items.Select(item => item.Item));

    /// <summary>Whether a tenant has a share of so many items, if all tenants that wait have the same.</summary>
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

    /// <summary>Takes the next item, if its work is no more than there is room for.</summary>
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
