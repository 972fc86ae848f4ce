using System.Buffers;
using System.Buffers.Binary;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Logs;

/// <summary>Encoded entries in a pooled buffer, one after the other, each with its length before it.</summary>
internal sealed class EntryChunk(int size)
{
    private const int LengthSize = sizeof(int);

    private readonly byte[] buffer = ArrayPool<byte>.Shared.Rent(size);
    private int used;

    /// <summary>The memory that it takes.</summary>
    public int Size => buffer.Length;

    /// <summary>The number of its entries.</summary>
    public int Count { get; private set; }

    /// <summary>The size of a chunk that has room for an entry.</summary>
    public static int SizeFor(ReadOnlySpan<byte> entry) => LengthSize + entry.Length;

    /// <returns>False when there is no room for the entry.</returns>
    public bool TryAdd(ReadOnlySpan<byte> entry)
    {
        if (buffer.Length - used < SizeFor(entry))
        {
            return false;
        }

        BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(used), entry.Length);
        entry.CopyTo(buffer.AsSpan(used + LengthSize));
        used += SizeFor(entry);
        Count++;
        return true;
    }

    /// <summary>Writes the entries after the first ones to an array, without copying them.</summary>
    /// <param name="skipped">The number of the first ones.</param>
    /// <param name="values">The array, with room for the others.</param>
    public void CopyTo(int skipped, Span<RedisValue> values)
    {
        var next = 0;
        for (var i = 0; i < Count; i++)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(next));
            next += LengthSize;
            if (i >= skipped)
            {
                values[i - skipped] = new ReadOnlyMemory<byte>(buffer, next, length);
            }

            next += length;
        }
    }

    /// <summary>Gives the buffer back. Nothing may use it any more.</summary>
    public void Return() => ArrayPool<byte>.Shared.Return(buffer);
}
