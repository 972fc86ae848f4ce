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
/// A Garnet server inside this process. It speaks the protocol of Redis on a Unix socket that only this user can
/// open, with a password made at start. Every write goes to an append-only log, which a snapshot of all data replaces
/// from time to time; both are read again at start.
/// </summary>
internal sealed class EmbeddedStore : IAsyncDisposable
{
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int WindowsSharingViolation = unchecked((int)0x80070020);

    /// <summary>
    /// What Garnet may take up at least. It forgets what it has kept longest beyond that, without a word, so that it must
    /// never get there: a compaction needs as much again as the data, for a moment.
    /// </summary>
    private const long MinGarnetMemory = 16L << 30;

    private const long GarnetReserve = 64 << 20;

    private const string SocketDirectoryPrefix = "ratelimiter-";
    private const string SocketName = "store.sock";
    private const string LockName = "lock";

    /// <summary>The log is replaced when its files are longer: about 100,000 checks.</summary>
    private const long MaxLogSize = 64 * 1024 * 1024;

    /// <summary>How often the log is looked at: what was written since is not guarded against damage yet.</summary>
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long to wait before what failed is tried again.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMinutes(1);

    /// <summary>While the store is full, a compaction is followed by a rest of so many times its length.</summary>
    private const int RestAfterCompaction = 3;

    /// <summary>The least growth, as a part of all room, that a compaction is worth.</summary>
    private const int LeastGrowth = 32;

    /// <summary>The longest that a compaction takes.</summary>
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

    // What the data takes up a second time while it is compacted.
    private long copied;

    // From what size on compacting is worth it, and from when on if the store is full.
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

    /// <summary>What the data takes up in memory: the pages of Garnet's log, and its objects.</summary>
    public long Used => server!.Used;

    private string Socket => Path.Combine(socketDirectory, SocketName);

    /// <param name="directory">The folder of its files; made when missing.</param>
    /// <param name="maxBytes">What its data may take up in memory.</param>
    /// <param name="room">Is told when that is all used, and when there is room again.</param>
    /// <param name="logger">Says what goes wrong later.</param>
    /// <exception cref="EmbeddedStoreException">The folder is in use, cannot be used, or its files are damaged.</exception>
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

    /// <summary>Waits until all that was answered before is in the log, so that a crash cannot undo it.</summary>
    /// <exception cref="IOException">It could not be written, and nothing will be any more.</exception>
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
#pragma warning disable CA1031 // Whatever it is, what was answered may be lost.
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
            // It has been said.
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
        // What was cut in two is lost with all that is left of it.
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
            $"The compaction of the files in {directory}, which grow,",
            TimeProvider.System,
            logger
        ).RunAsync(WatchInterval, WatchAsync, stopping.Token);
    }

    /// <summary>Sums up what was written, and keeps it short.</summary>
    private async Task WatchAsync(CancellationToken stoppingToken)
    {
        failed -= WatchInterval;
        if (failed > TimeSpan.Zero)
        {
            return;
        }

        // Until it is done.
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

    /// <summary>Replaces the log by a snapshot of all data. Nobody waits for it.</summary>
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
        // What is left is alive. When half of the room is used again, some of it may not be any more.
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
            // What is over has no place in the snapshot.
            await database.ExecuteAsync("EXPDELSCAN");
            server!.Freeze();
            // Who stops the service does not wait for it: what it replaces stays until it is whole.
            await database.ExecuteAsync("SAVE").WaitAsync(stopping.Token);
        }

        // With this, the store gives up the files of the log that the snapshot replaces.
        await CommitAsync();
        var (begin, end) = LogAddresses();
        checksums.Append(begin, end);
        checksums.EndCompaction(begin);
    }

    /// <summary>Says when there is no room any more, and when there is again: some more, so that it does not say so each time.</summary>
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

    // The lock belongs to the process, so that it is gone also after a kill -9.
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

    // The runtime gives the error of the system: of flock, or of Windows.
    private static bool IsInUse(IOException exception) =>
        exception.HResult is LinuxWouldBlock or MacWouldBlock or WindowsSharingViolation;

    // Nobody else on this machine has to read who was limited, or the hashes of keys.
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
    /// Makes the folder of the socket among the temporary ones, because the path of a socket may not have more than
    /// about 100 characters. Its name stands in the lock file, so that one which a killed process left is found.
    /// </summary>
    /// <returns>The folder, and what keeps others from deleting it.</returns>
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

    // A copy of a directory names the folder of the one that it was copied from, which may be in use.
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
            // It is in use, or somebody else's.
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
            // It insists on a TCP port too. A free one, so that it is in nobody's way.
            "--bind",
            "127.0.0.1",
            "--port",
            "0",
            "--auth",
            "Password",
            "--password",
            password,
            "--lua",
            // Without it a script is not atomic against other connections.
            "--lua-transaction-mode",
            "--aof",
            "--recover",
            // CommitAsync is called for each answer. Garnet's own ways are slower, or do not wait.
            "--aof-commit-freq",
            "-1",
            "--aof-segment-size",
            $"{1 << Checksums.SegmentBits}",
            "--fail-on-recovery-error",
            "--checkpointdir",
            directory,
            // The default device needs libaio, which is not everywhere.
            "--device-type",
            "RandomAccess",
            "--page",
            "1m",
            "--memory",
            $"{Math.Max(MinGarnetMemory, 2 * maxBytes + GarnetReserve) >> 20}m",
            // A snapshot is preceded by a compaction of the data in memory, when that is larger than this.
            "--segment",
            "16m",
            "--compaction-type",
            "Lookup",
            "--compaction-max-segments",
            "1",
            // Is in each snapshot, and grows when there are more than about two million keys.
            "--index",
            "16m",
            "--aof-memory",
            "16m",
            "--aof-page-size",
            "4m",
            // No banner, and no warning of a torn end of the file, which is what a kill leaves behind.
            "-q",
            "--logger-level",
            "Error",
        ];

    /// <summary>Garnet, and a part of it that no command reaches.</summary>
    private sealed class Server(string[] arguments) : GarnetServer(arguments)
    {
        /// <summary>What Garnet itself compares with its memory, to forget what is beyond it.</summary>
        public long Used =>
            storeWrapper.store.Log.MemorySizeBytes + storeWrapper.store.Log.HeapSizeBytes;

        /// <summary>
        /// Lets nothing that is in memory by now be written to in place, which is what can be compacted: of each record
        /// the latest is copied behind the others, and the memory of all before is free.
        /// </summary>
        public void Freeze() => storeWrapper.store.Log.Flush(wait: true);
    }
}
