using System.Collections.Concurrent;

namespace RateLimiter.Infrastructure.Redis.Logs;

/// <summary>The entries of all logs that wait to be written, in bounded memory.</summary>
/// <param name="maxSize">The most memory that the entries take.</param>
/// <param name="capacity">The most entries that a log keeps.</param>
internal sealed class WaitingEntries(long maxSize, int capacity)
{
    private readonly ConcurrentDictionary<LogId, EntryRing> rings = new();
    private long size;

    /// <summary>The number of entries.</summary>
    public int Count
    {
        get
        {
            var count = 0;
            foreach (var (_, ring) in rings)
            {
                lock (ring)
                {
                    count += ring.Count;
                }
            }

            return count;
        }
    }

    /// <summary>Whether half of the memory is taken.</summary>
    public bool IsHalfFull => Interlocked.Read(ref size) >= maxSize / 2;

    /// <param name="log">The log.</param>
    /// <param name="entry">The entry, which is copied.</param>
    /// <param name="isFirst">Whether nothing of the log waited before.</param>
    /// <returns>False when there is no room.</returns>
    public bool TryAdd(LogId log, ReadOnlySpan<byte> entry, out bool isFirst)
    {
        while (true)
        {
            var ring = rings.GetOrAdd(
                log,
                static (_, capacity) => new EntryRing(capacity),
                capacity
            );
            lock (ring)
            {
                if (ring.IsRetired)
                {
                    continue;
                }

                isFirst = ring.Count == 0;
                if (!ring.TryAdd(entry, out var needed))
                {
                    if (Interlocked.Read(ref size) + needed > maxSize)
                    {
                        return false;
                    }

                    var chunk = new EntryChunk(needed);
                    Interlocked.Add(ref size, chunk.Size);
                    ring.Add(chunk);
                    ring.TryAdd(entry, out _);
                }

                if (ring.TryEvict(out var evicted))
                {
                    Interlocked.Add(ref size, -evicted.Size);
                    evicted.Return();
                }

                return true;
            }
        }
    }

    /// <summary>Removes all entries. A log of which nothing has come since the last call is forgotten.</summary>
    public List<PendingEntries> TakeAll()
    {
        var all = new List<PendingEntries>();
        foreach (var (log, ring) in rings)
        {
            lock (ring)
            {
                if (ring.Count == 0)
                {
                    ring.IsRetired = true;
                    rings.TryRemove(log, out _);
                    continue;
                }

                var taken = ring.Take(log);
                Interlocked.Add(ref size, -taken.Size);
                all.Add(taken);
            }
        }

        return all;
    }
}
