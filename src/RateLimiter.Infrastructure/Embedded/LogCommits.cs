using Microsoft.Extensions.Logging;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>
/// Commits the append-only log. After one failure nothing is committed any more, because acknowledged writes may be
/// lost.
/// </summary>
/// <param name="server">The server.</param>
/// <param name="room">Is notified when something may have been written.</param>
/// <param name="directory">The data directory, for the log message.</param>
/// <param name="logger">Logs the first failure.</param>
internal sealed class LogCommits(
    EmbeddedServer server,
    EmbeddedRoom room,
    string directory,
    ILogger logger
)
{
    private int isBroken;

    /// <summary>
    /// Waits until every write that was replied to before is in the log, so that a crash cannot undo it.
    /// </summary>
    /// <exception cref="IOException">The log could not be written; every later call fails too.</exception>
    public async Task CommitAsync()
    {
        if (Volatile.Read(ref isBroken) == 1)
        {
            throw new IOException("The embedded store cannot write its log.");
        }

        try
        {
            await server.Store.CommitAOFAsync(CancellationToken.None);
            room.Note();
        }
#pragma warning disable CA1031 // Whatever the cause, acknowledged writes may be lost.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            if (Interlocked.Exchange(ref isBroken, 1) == 0)
            {
                logger.EmbeddedStoreCannotWrite(directory, exception.GetBaseException().Message);
            }

            throw new IOException("The embedded store cannot write its log.", exception);
        }
    }
}
