using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>Once a second hashes what was written to the log, and compacts the log when it is due.</summary>
/// <param name="server">The server.</param>
/// <param name="checksums">The record of its files.</param>
/// <param name="room">The room for its data.</param>
/// <param name="compaction">The compaction of its log.</param>
internal sealed class LogWatch(
    EmbeddedServer server,
    Checksums checksums,
    EmbeddedRoom room,
    LogCompaction compaction
)
{
    /// <summary>How often the log is hashed: what was written since then is not protected against damage yet.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>The delay before a failed attempt is repeated.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMinutes(1);

    private TimeSpan failed;

    /// <summary>Watches until the store stops.</summary>
    /// <param name="directory">The data directory, for the log message.</param>
    /// <param name="logger">Logs failures.</param>
    /// <param name="stoppingToken">Stops it.</param>
    public Task RunAsync(string directory, ILogger logger, CancellationToken stoppingToken) =>
        new BackgroundLoop(
            $"The compaction of the growing files in {directory}",
            TimeProvider.System,
            logger
        ).RunAsync(Interval, LookAsync, stoppingToken);

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        failed -= Interval;
        if (failed > TimeSpan.Zero)
        {
            return;
        }

        // Any failure from here on delays the next attempt.
        failed = RetryInterval;
        var (begin, end) = server.LogAddresses();
        checksums.Append(begin, end);
        room.Note();
        if (compaction.IsDue())
        {
            await compaction.RunAsync(stoppingToken);
        }

        failed = TimeSpan.Zero;
    }
}
