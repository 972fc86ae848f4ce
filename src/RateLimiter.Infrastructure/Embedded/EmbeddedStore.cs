using Microsoft.Extensions.Logging;
using RateLimiter.Application.Stores;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>
/// A Garnet server inside this process. It speaks the Redis protocol on a Unix socket that only this user can open,
/// with a password generated at start. Every write goes to an append-only log, which is replaced by a snapshot of all
/// data from time to time; both are read at start.
/// </summary>
internal sealed class EmbeddedStore : IAsyncDisposable
{
    private readonly DataDirectory data;
    private readonly SocketDirectory socket;
    private readonly EmbeddedServer server;
    private readonly Checksums checksums;
    private readonly LogCommits commits;
    private readonly Task watching;
    private readonly CancellationTokenSource stopping = new();

    private EmbeddedStore(
        string directory,
        DataDirectory data,
        SocketDirectory socket,
        EmbeddedServer server,
        Checksums checksums,
        EmbeddedRoom room,
        ILogger logger
    )
    {
        this.data = data;
        this.socket = socket;
        this.server = server;
        this.checksums = checksums;
        commits = new LogCommits(server, room, directory, logger);
        watching = new LogWatch(
            server,
            checksums,
            room,
            new LogCompaction(server, commits, checksums, room)
        ).RunAsync(directory, logger, stopping.Token);
    }

    /// <summary>How to connect to it.</summary>
    public ConfigurationOptions Configuration => server.Configuration;

    /// <inheritdoc cref="EmbeddedServer.Used"/>
    public long Used => server.Used;

    /// <param name="directory">The data directory; created when missing.</param>
    /// <param name="maxBytes">The most memory that its data may use.</param>
    /// <param name="room">Is notified when the memory is exhausted, and when there is room again.</param>
    /// <param name="logger">Logs later failures.</param>
    /// <exception cref="EmbeddedStoreException">
    /// The directory is in use or unusable, or its files are damaged.
    /// </exception>
    public static EmbeddedStore Start(
        string directory,
        long maxBytes,
        StoreRoom room,
        ILogger logger
    )
    {
        var data = DataDirectory.Lock(directory);
        SocketDirectory? socket = null;
        EmbeddedServer? server = null;
        try
        {
            var checksums = Checksums.Verify(directory);
            socket = SocketDirectory.Make(data);
            server = new EmbeddedServer(directory, maxBytes, socket.Socket);
            Recover(server, checksums, directory, logger);
            var left = new EmbeddedRoom(server, maxBytes, room, logger);
            left.Note();
            return new EmbeddedStore(directory, data, socket, server, checksums, left, logger);
        }
        catch (Exception exception)
        {
            server?.Dispose();
            data.Dispose();
            socket?.Dispose();
            throw exception is EmbeddedStoreException
                ? exception
                : EmbeddedStoreException.Unusable(directory, exception);
        }
    }

    /// <inheritdoc cref="LogCommits.CommitAsync"/>
    public Task CommitAsync() => commits.CommitAsync();

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await watching;
        try
        {
            await CommitAsync();
            var (begin, end) = server.LogAddresses();
            checksums.Append(begin, end);
        }
        catch (IOException)
        {
            // The commit has logged it.
        }

        server.Dispose();
        stopping.Dispose();
        data.Dispose();
        socket.Dispose();
    }

    /// <summary>Reads the files, and compares what the server has understood with what was recorded.</summary>
    private static void Recover(
        EmbeddedServer server,
        Checksums checksums,
        string directory,
        ILogger logger
    )
    {
        try
        {
            server.Start();
        }
        catch (Exception exception)
            when (exception is not (IOException or UnauthorizedAccessException))
        {
            throw EmbeddedStoreException.Damaged(directory, exception.Message, exception);
        }

        var (begin, end) = server.LogAddresses();
        // A torn record is lost together with what remains of it.
        var lost = checksums.Recorded - end;
        if (lost > (checksums.IsTorn ? Checksums.MaxTorn : 0))
        {
            throw EmbeddedStoreException.Damaged(
                directory,
                $"the last {lost} bytes of its log are not understood"
            );
        }

        if (lost > 0)
        {
            logger.EmbeddedStoreTorn(directory, lost);
        }

        checksums.Resume(begin, end);
    }
}
