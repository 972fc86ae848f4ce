using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>
/// Replaces the log by a snapshot of all data, when that is worthwhile. No request waits for it.
/// </summary>
/// <param name="server">The server.</param>
/// <param name="commits">Commits its log.</param>
/// <param name="checksums">The record of its files.</param>
/// <param name="room">The room for its data.</param>
internal sealed class LogCompaction(
    EmbeddedServer server,
    LogCommits commits,
    Checksums checksums,
    EmbeddedRoom room
)
{
    /// <summary>The log is compacted when its files exceed this size: about 100,000 checks.</summary>
    private const long MaxLogSize = 64 * 1024 * 1024;

    /// <summary>While the store is full, a compaction is followed by a pause of this many times its duration.</summary>
    private const int RestAfterCompaction = 3;

    /// <summary>The least growth that justifies a compaction, as the divisor of the maximum size.</summary>
    private const int LeastGrowth = 32;

    /// <summary>The time-out of a compaction.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(10);

    // The size from which a compaction is worthwhile, and the earliest time of the next one while the store is full.
    private long compactAt = room.MaxBytes / 2;
    private long restUntil;

    /// <summary>Whether it is worthwhile now.</summary>
    public bool IsDue() =>
        checksums.LogSize() > MaxLogSize
        || server.Used >= compactAt
        || (room.IsFull && Environment.TickCount64 >= restUntil);

    /// <summary>Replaces the log.</summary>
    /// <param name="stoppingToken">Ends the wait for the snapshot, not the snapshot.</param>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        var begun = Environment.TickCount64;
        room.BeginCopy();
        try
        {
            await ReplaceLogAsync(stoppingToken);
        }
        finally
        {
            room.EndCopy();
        }

        var ended = Environment.TickCount64;
        restUntil = ended + RestAfterCompaction * (ended - begun);
        // What remains is live data. When half of the room is used again, some of that may have expired.
        var used = server.Used;
        compactAt = used + Math.Max((room.MaxBytes - used) / 2, room.MaxBytes / LeastGrowth);
        room.Note();
    }

    private async Task ReplaceLogAsync(CancellationToken stoppingToken)
    {
        checksums.BeginCompaction();
        var configuration = server.Configuration.Clone();
        configuration.AllowAdmin = true;
        configuration.AsyncTimeout = (int)Timeout.TotalMilliseconds;
        await using (var connection = await ConnectionMultiplexer.ConnectAsync(configuration))
        {
            var database = connection.GetDatabase();
            // Expired keys have no place in the snapshot.
            await database.ExecuteAsync("EXPDELSCAN");
            server.Freeze();
            // Stopping the service does not wait for the snapshot: the files that it replaces stay until it is
            // complete.
            await database.ExecuteAsync("SAVE").WaitAsync(stoppingToken);
        }

        // This commit makes the store release the log segments that the snapshot replaces.
        await commits.CommitAsync();
        var (begin, end) = server.LogAddresses();
        checksums.Append(begin, end);
        checksums.EndCompaction(begin);
    }
}
