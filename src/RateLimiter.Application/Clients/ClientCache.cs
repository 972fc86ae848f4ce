using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using RateLimiter.Domain;

namespace RateLimiter.Application.Clients;

/// <summary>
/// A cache of client entries, bounded by their number and by their memory. Entries without a lookup since the last eviction
/// scan are evicted first (second-chance clock algorithm); the last entry stays, however large it is. Reads are lock-free; the
/// callers must serialise writes.
/// </summary>
/// <param name="maxBytes">The most memory of all entries, by estimate.</param>
internal sealed class ClientCache(long maxBytes)
{
    /// <summary>The most clients that are cached at once.</summary>
    private const int Capacity = 100_000;

    private readonly ConcurrentDictionary<ClientId, LinkedListNode<ClientEntry>> entries = new();

    // In eviction order.
    private readonly LinkedList<ClientEntry> line = new();
    private long bytes;

    public int Count => line.Count;

    /// <summary>The memory of all entries, by estimate.</summary>
    public long Bytes => Volatile.Read(ref bytes);

    /// <summary>Finds the entry of a client and marks it as used.</summary>
    public bool TryGet(ClientId client, [MaybeNullWhen(false)] out ClientEntry entry)
    {
        if (!TryPeek(client, out entry))
        {
            return false;
        }

        entry.IsUsed = true;
        return true;
    }

    /// <summary>Finds the entry of a client without marking it as used.</summary>
    public bool TryPeek(ClientId client, [MaybeNullWhen(false)] out ClientEntry entry)
    {
        entry = entries.TryGetValue(client, out var node) ? node.Value : null;
        return entry is not null;
    }

    public void Keep(ClientEntry entry)
    {
        if (entries.TryGetValue(entry.Snapshot.Id, out var node))
        {
            bytes -= node.Value.Bytes;
            entry.IsUsed = node.Value.IsUsed;
            node.Value = entry;
        }
        else
        {
            entries[entry.Snapshot.Id] = line.AddLast(entry);
        }

        bytes += entry.Bytes;
        MakeRoomFor(entry);
    }

    public void Remove(ClientId client)
    {
        if (entries.TryRemove(client, out var node))
        {
            line.Remove(node);
            bytes -= node.Value.Bytes;
        }
    }

    private void MakeRoomFor(ClientEntry entry)
    {
        var chances = line.Count;
        while (line.Count > 1 && (bytes > maxBytes || line.Count > Capacity))
        {
            var first = line.First!;
            if (first.Value == entry || (first.Value.IsUsed && chances-- > 0))
            {
                first.Value.IsUsed = false;
                line.RemoveFirst();
                line.AddLast(first);
            }
            else
            {
                Remove(first.Value.Snapshot.Id);
            }
        }
    }
}
