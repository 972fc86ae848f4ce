using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Garnet;
using Garnet.common;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
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
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int WindowsSharingViolation = unchecked((int)0x80070020);

    /// <summary>
    /// The lower bound of Garnet's memory limit. Beyond the limit Garnet silently evicts its oldest data, so the limit
    /// must never be reached: a compaction temporarily needs as much memory again as the data.
    /// </summary>
    private const long MinGarnetMemory = 16L << 30;

    private const long GarnetReserve = 64 << 20;

    private const string SocketDirectoryPrefix = "ratelimiter-";
    private const string SocketName = "store.sock";
    private const string LockName = "lock";

    /// <summary>The log is compacted when its files exceed this size: about 100,000 checks.</summary>
    private const long MaxLogSize = 64 * 1024 * 1024;

    /// <summary>How often the log is hashed: what was written since then is not protected against damage yet.</summary>
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    /// <summary>The delay before a failed attempt is repeated.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMinutes(1);

    /// <summary>While the store is full, a compaction is followed by a pause of this many times its duration.</summary>
    private const int RestAfterCompaction = 3;

    /// <summary>The least growth that justifies a compaction, as the divisor of the maximum size.</summary>
    private const int LeastGrowth = 32;

    /// <summary>The time-out of a compaction.</summary>
    private static readonly TimeSpan CompactionTimeout = TimeSpan.FromMinutes(10);

    private readonly string directory;
    private readonly long maxBytes;
    private readonly StoreRoom room;
    private readonly FileStream directoryLock;
    private readonly string socketDirectory;
    private readonly FileStream socketLock;
    private readonly Checksums checksums;
    private readonly ILogger logger;
    private readonly CancellationTokenSource stopping = new();
    private Server? server;
    private Task watching = Task.CompletedTask;
    private TimeSpan failed;
    private int isBroken;

    // The additional memory that the data uses while it is compacted.
    private long copied;

    // The size from which a compaction is worthwhile, and the earliest time of the next one while the store is full.
    private long compactAt;
    private long restUntil;

    private EmbeddedStore(
        string directory,
        long maxBytes,
        StoreRoom room,
        FileStream directoryLock,
        ILogger logger
    )
    {
        this.directory = directory;
        this.maxBytes = maxBytes;
        this.room = room;
        compactAt = maxBytes / 2;
        this.directoryLock = directoryLock;
        this.logger = logger;
        checksums = Checksums.Verify(directory);
        (socketDirectory, socketLock) = MakeSocketDirectory(directoryLock);
    }

    /// <summary>How to connect to it.</summary>
    public ConfigurationOptions Configuration { get; } =
        new() { Password = RandomNumberGenerator.GetHexString(64) };

    /// <summary>The memory that the data uses: the pages of Garnet's log, and its objects.</summary>
    public long Used => server!.Used;

    private string Socket => Path.Combine(socketDirectory, SocketName);

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
        var directoryLock = Lock(directory);
        EmbeddedStore? store = null;
        try
        {
            store = new EmbeddedStore(directory, maxBytes, room, directoryLock, logger);
            store.Run();
            return store;
        }
        catch (Exception exception)
        {
            store?.server?.Dispose();
            directoryLock.Dispose();
            if (store is not null)
            {
                store.socketLock.Dispose();
                Directory.Delete(store.socketDirectory, recursive: true);
            }

            throw exception is EmbeddedStoreException
                ? exception
                : EmbeddedStoreException.Unusable(directory, exception);
        }
    }

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
            await server!.Store.CommitAOFAsync(CancellationToken.None);
            NoteRoom();
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

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await watching;
        try
        {
            await CommitAsync();
            var (begin, end) = LogAddresses();
            checksums.Append(begin, end);
        }
        catch (IOException)
        {
            // CommitAsync has logged it.
        }

        server!.Dispose();
        stopping.Dispose();
        await directoryLock.DisposeAsync();
        await socketLock.DisposeAsync();
        Directory.Delete(socketDirectory, recursive: true);
    }

    private void Run()
    {
        Configuration.EndPoints.Add(new UnixDomainSocketEndPoint(Socket));
        server = new Server(Arguments(directory, maxBytes, Socket, Configuration.Password!));
        try
        {
            server.Start();
        }
        catch (Exception exception)
            when (exception is not (IOException or UnauthorizedAccessException))
        {
            throw EmbeddedStoreException.Damaged(directory, exception.Message, exception);
        }

        var (begin, end) = LogAddresses();
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
        NoteRoom();
        watching = new BackgroundLoop(
            $"The compaction of the growing files in {directory}",
            TimeProvider.System,
            logger
        ).RunAsync(WatchInterval, WatchAsync, stopping.Token);
    }

    /// <summary>Hashes what was written, and compacts the log when it is due.</summary>
    private async Task WatchAsync(CancellationToken stoppingToken)
    {
        failed -= WatchInterval;
        if (failed > TimeSpan.Zero)
        {
            return;
        }

        // Any failure from here on delays the next attempt.
        failed = RetryInterval;
        var (begin, end) = LogAddresses();
        checksums.Append(begin, end);
        NoteRoom();
        if (
            checksums.LogSize() > MaxLogSize
            || Used >= compactAt
            || (room.IsFull && Environment.TickCount64 >= restUntil)
        )
        {
            await CompactAsync();
        }

        failed = TimeSpan.Zero;
    }

    /// <summary>Replaces the log by a snapshot of all data. No request waits for it.</summary>
    private async Task CompactAsync()
    {
        var begun = Environment.TickCount64;
        Volatile.Write(ref copied, Used);
        try
        {
            await ReplaceLogAsync();
        }
        finally
        {
            Volatile.Write(ref copied, 0);
        }

        var ended = Environment.TickCount64;
        restUntil = ended + RestAfterCompaction * (ended - begun);
        // What remains is live data. When half of the room is used again, some of that may have expired.
        compactAt = Used + Math.Max((maxBytes - Used) / 2, maxBytes / LeastGrowth);
        NoteRoom();
    }

    private async Task ReplaceLogAsync()
    {
        checksums.BeginCompaction();
        var configuration = Configuration.Clone();
        configuration.AllowAdmin = true;
        configuration.AsyncTimeout = (int)CompactionTimeout.TotalMilliseconds;
        await using (var connection = await ConnectionMultiplexer.ConnectAsync(configuration))
        {
            var database = connection.GetDatabase();
            // Expired keys have no place in the snapshot.
            await database.ExecuteAsync("EXPDELSCAN");
            server!.Freeze();
            // Stopping the service does not wait for the snapshot: the files that it replaces stay until it is
            // complete.
            await database.ExecuteAsync("SAVE").WaitAsync(stopping.Token);
        }

        // This commit makes the store release the log segments that the snapshot replaces.
        await CommitAsync();
        var (begin, end) = LogAddresses();
        checksums.Append(begin, end);
        checksums.EndCompaction(begin);
    }

    /// <summary>
    /// Reports when there is no room left, and when there is again: only above a margin, so that it does not alternate
    /// with every write.
    /// </summary>
    private void NoteRoom()
    {
        var used = Used;
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

    private (long Begin, long End) LogAddresses()
    {
        var metrics = server!.Metrics.GetInfoMetrics(InfoMetricsType.PERSISTENCE);
        return (Address("CommittedBeginAddress"), Address("CommittedUntilAddress"));

        long Address(string name) =>
            long.Parse(
                metrics.Single(metric => metric.Name == name).Value,
                CultureInfo.InvariantCulture
            );
    }

    // The lock belongs to the process, so that it is released even after a kill -9.
    private static FileStream Lock(string directory)
    {
        var path = Path.Combine(directory, LockName);
        try
        {
            CreatePrivate(directory);
            return OpenAlone(path, FileMode.OpenOrCreate);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw EmbeddedStoreException.Unusable(directory, exception);
        }
        catch (IOException exception)
        {
            throw IsInUse(exception)
                ? new EmbeddedStoreException(
                    $"Embedded:DataDirectory '{directory}' is in use by another process. Stop it, name another folder, "
                        + "or let both use one Redis.",
                    exception
                )
                : EmbeddedStoreException.Unusable(directory, exception);
        }
    }

    // The runtime returns the system's error code: of flock, or of Windows.
    private static bool IsInUse(IOException exception) =>
        exception.HResult is LinuxWouldBlock or MacWouldBlock or WindowsSharingViolation;

    // No other user of this machine needs to read who was limited, or the hashes of keys.
    private static void CreatePrivate(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(
                directory,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            );
        }
    }

    /// <summary>
    /// Creates the socket's directory among the temporary ones, because a socket path is limited to about 100
    /// characters. Its name is written to the lock file, so that the directory which a killed process left behind is
    /// found.
    /// </summary>
    /// <returns>The directory, and the lock that keeps other processes from deleting it.</returns>
    private static (string Folder, FileStream Lock) MakeSocketDirectory(FileStream directoryLock)
    {
        using var reader = new StreamReader(directoryLock, leaveOpen: true);
        DeleteLeft(reader.ReadToEnd());
        string? made = null;
        try
        {
            made = Directory.CreateTempSubdirectory(SocketDirectoryPrefix).FullName;
            _ = new UnixDomainSocketEndPoint(Path.Combine(made, SocketName));
            var socketLock = OpenAlone(Path.Combine(made, LockName), FileMode.CreateNew);
            directoryLock.SetLength(0);
            directoryLock.Write(Encoding.UTF8.GetBytes(made));
            directoryLock.Flush();
            return (made, socketLock);
        }
        catch (ArgumentOutOfRangeException exception)
        {
            Directory.Delete(made!, recursive: true);
            throw EmbeddedStoreException.UnusableTemporary(
                "the path of a socket in it is too long, of which systems allow about 100 characters",
                exception
            );
        }
        catch (Exception exception)
            when (made is null && exception is IOException or UnauthorizedAccessException)
        {
            throw EmbeddedStoreException.UnusableTemporary(exception.Message, exception);
        }
    }

    // A copied data directory names the socket directory of the original, which may be in use.
    private static void DeleteLeft(string folder)
    {
        if (
            !Path.GetFileName(folder).StartsWith(SocketDirectoryPrefix, StringComparison.Ordinal)
            || !Directory.Exists(folder)
        )
        {
            return;
        }

        try
        {
            using var alone = OpenAlone(Path.Combine(folder, LockName), FileMode.OpenOrCreate);
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It is in use, or belongs to another user.
        }
    }

    private static FileStream OpenAlone(string path, FileMode mode) =>
        new(path, mode, FileAccess.ReadWrite, FileShare.None);

    private static string[] Arguments(
        string directory,
        long maxBytes,
        string socket,
        string password
    ) =>
        [
            "--unixsocket",
            socket,
            "--unixsocketperm",
            "700",
            // Garnet insists on a TCP port too. Use a free one, so that it conflicts with nothing.
            "--bind",
            "127.0.0.1",
            "--port",
            "0",
            "--auth",
            "Password",
            "--password",
            password,
            "--lua",
            // Without it a script is not atomic with respect to other connections.
            "--lua-transaction-mode",
            "--aof",
            "--recover",
            // CommitAsync is called for each reply. Garnet's own commit modes are slower, or do not wait.
            "--aof-commit-freq",
            "-1",
            "--aof-segment-size",
            $"{1 << Checksums.SegmentBits}",
            "--fail-on-recovery-error",
            "--checkpointdir",
            directory,
            // The default device needs libaio, which is not available everywhere.
            "--device-type",
            "RandomAccess",
            "--page",
            "1m",
            "--memory",
            $"{Math.Max(MinGarnetMemory, 2 * maxBytes + GarnetReserve) >> 20}m",
            // Garnet precedes a snapshot by a compaction of the data in memory when that is larger than this.
            "--segment",
            "16m",
            "--compaction-type",
            "Lookup",
            "--compaction-max-segments",
            "1",
            // This is part of every snapshot, and grows when there are more than about two million keys.
            "--index",
            "16m",
            "--aof-memory",
            "16m",
            "--aof-page-size",
            "4m",
            // No banner, and no warning about a torn end of the file, which is what a kill leaves behind.
            "-q",
            "--logger-level",
            "Error",
        ];

    /// <summary>Garnet, and an internal that no command exposes.</summary>
    private sealed class Server(string[] arguments) : GarnetServer(arguments)
    {
        /// <summary>The size that Garnet itself compares with its memory limit, to evict what exceeds it.</summary>
        public long Used =>
            storeWrapper.store.Log.MemorySizeBytes + storeWrapper.store.Log.HeapSizeBytes;

        /// <summary>
        /// Makes everything that is in memory by now read-only, which is a precondition of its compaction: the latest
        /// version of each record is copied behind the others, and the memory of all earlier versions is released.
        /// </summary>
        public void Freeze() => storeWrapper.store.Log.Flush(wait: true);
    }
}
