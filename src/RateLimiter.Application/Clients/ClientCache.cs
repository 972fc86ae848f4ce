using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using RateLimiter.Domain;

namespace RateLimiter.Application.Clients;

/// <summary>
/// Entries of clients, bounded by their number and by what they take up in memory. Those that nobody has looked for since it
/// was last their turn go first (a clock with a second chance); the last one stays, however large it is. Whoever looks waits
/// for nobody; whoever changes something must not do so at the same time as others.
/// </summary>
/// <param name="maxBytes">The most that all of them take up, by estimate.</param>
internal sealed class ClientCache(long maxBytes)
{
    /// <summary>The most clients that are kept at once.</summary>
    private const int Capacity = 100_000;

    private readonly ConcurrentDictionary<ClientId, LinkedListNode<ClientEntry>> entries = new();

    // In the order in which it is their turn to go.
    private readonly LinkedList<ClientEntry> line = new();
    private long bytes;

    public int Count => line.Count;

    /// <summary>What all of them take up, by estimate.</summary>
    public long Bytes => Volatile.Read(ref bytes);

    /// <summary>Looks for the entry of a client for somebody who uses it.</summary>
    public bool TryGet(ClientId client, [MaybeNullWhen(false)] out ClientEntry entry)
    {
        if (!TryPeek(client, out entry))
        {
            return false;
        }

        entry.IsUsed = true;
        return true;
    }

    /// <summary>Looks for the entry of a client, which is no use of it.</summary>
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
