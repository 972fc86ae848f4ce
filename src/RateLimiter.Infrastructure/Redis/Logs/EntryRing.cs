using System.Diagnostics.CodeAnalysis;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Logs;

/// <summary>
/// What of one log waits to be written: its newest entries, as many as the log keeps, and of older ones at most those in the
/// same chunk. Not thread-safe.
/// </summary>
/// <param name="capacity">The most entries that the log keeps.</param>
internal sealed class EntryRing(int capacity)
{
    private const int MinChunkSize = 1024;
    private const int MaxChunkSize = 32 * 1024;

    private Queue<EntryChunk> chunks = new();
    private EntryChunk? last;
    private int held;
    private long recorded;

    /// <summary>Whether it may no longer be used, because another one has taken its place.</summary>
    public bool IsRetired { get; set; }

    /// <summary>The number of entries that will be written.</summary>
    public int Count => Math.Min(held, capacity);

    /// <returns>False when another chunk is needed, with a size that has room for the entry.</returns>
    public bool TryAdd(ReadOnlySpan<byte> entry, out int size)
    {
        if (last is not null && last.TryAdd(entry))
        {
            size = 0;
            held++;
            recorded++;
            return true;
        }

        // Most logs get a few entries at a time, and some get thousands.
        size = Math.Max(
            Math.Clamp((last?.Size ?? 0) * 2, MinChunkSize, MaxChunkSize),
            EntryChunk.SizeFor(entry)
        );
        return false;
    }

    /// <summary>Adds an empty chunk.</summary>
    public void Add(EntryChunk chunk)
    {
        last = chunk;
        chunks.Enqueue(chunk);
    }

    /// <summary>Removes the oldest chunk if the log would keep none of its entries.</summary>
    public bool TryEvict([NotNullWhen(true)] out EntryChunk? chunk)
    {
        chunk = null;
        if (held <= capacity || held - chunks.Peek().Count < capacity)
        {
            return false;
        }

        chunk = chunks.Dequeue();
        held -= chunk.Count;
        return true;
    }

    /// <summary>Removes everything.</summary>
    public PendingEntries Take(LogId log)
    {
        var taken = new PendingEntries(log, chunks, held, Count, recorded - Count);
        (chunks, last, held, recorded) = (new(), null, 0, 0);
        return taken;
    }
}

/// <summary>The entries of one log that are to be written.</summary>
/// <param name="log">The log.</param>
/// <param name="chunks">The chunks that hold them.</param>
/// <param name="held">The number of entries in the chunks.</param>
/// <param name="count">The number of entries that are written, the newest.</param>
/// <param name="skipped">The number of older entries, which are not written because the log would not keep them.</param>
internal sealed class PendingEntries(
    LogId log,
    IReadOnlyCollection<EntryChunk> chunks,
    int held,
    int count,
    long skipped
)
{
    /// <summary>The log.</summary>
    public LogId Log { get; } = log;

    /// <summary>The number of entries that are written.</summary>
    public int Count { get; } = count;

    /// <summary>The number of older entries, which are not written because the log would not keep them.</summary>
    public long Skipped { get; } = skipped;

    /// <summary>The memory that they take.</summary>
    public long Size => chunks.Sum(chunk => (long)chunk.Size);

    /// <summary>Writes the entries to an array, oldest first, without copying them.</summary>
    public void CopyTo(Span<RedisValue> values)
    {
        var skip = held - Count;
        foreach (var chunk in chunks)
        {
            chunk.CopyTo(skip, values);
            values = values[Math.Max(chunk.Count - skip, 0)..];
            skip = Math.Max(skip - chunk.Count, 0);
        }
    }

    /// <summary>Gives the memory back. Nothing may use the entries any more.</summary>
    public void Return()
    {
        foreach (var chunk in chunks)
        {
            chunk.Return();
        }
    }
}
