using Microsoft.Extensions.Logging;
using RateLimiter.Application.Stores;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>
/// Reports when there is no room left for data, and when there is again: only above a margin, so that it does not
/// alternate with every write.
/// </summary>
/// <param name="server">The server that has the data.</param>
/// <param name="maxBytes">The most memory that the data may use.</param>
/// <param name="room">Receives the reports.</param>
/// <param name="logger">Logs them.</param>
internal sealed class EmbeddedRoom(
    EmbeddedServer server,
    long maxBytes,
    StoreRoom room,
    ILogger logger
)
{
    // The additional memory that the data uses while it is compacted.
    private long copied;

    /// <summary>The most memory that the data may use.</summary>
    public long MaxBytes => maxBytes;

    /// <summary>Whether there is no room left.</summary>
    public bool IsFull => room.IsFull;

    /// <summary>Begins a compaction, which may use as much memory again as the data does now.</summary>
    public void BeginCopy() => Volatile.Write(ref copied, server.Used);

    /// <summary>Ends the compaction.</summary>
    public void EndCopy() => Volatile.Write(ref copied, 0);

    /// <summary>Reports a change, if there is one.</summary>
    public void Note()
    {
        var used = server.Used;
        if (used >= maxBytes + Volatile.Read(ref copied))
        {
            if (room.Note(full: true))
            {
                logger.EmbeddedStoreFull(used, maxBytes);
            }
        }
        else if (used < maxBytes - maxBytes / 8 && room.IsFull && room.Note(full: false))
        {
            logger.EmbeddedStoreHasRoom(used, maxBytes);
        }
    }
}
