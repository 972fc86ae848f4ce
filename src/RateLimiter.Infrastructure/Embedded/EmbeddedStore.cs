using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Garnet;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>The embedded store cannot be started; the message says what to do.</summary>
public sealed class EmbeddedStoreException(string message, Exception innerException)
    : Exception(message, innerException);

/// <summary>
/// A Garnet server inside this process. It speaks the protocol of Redis on a Unix socket that only this user can
/// open, with a password made at start. Every write goes to an append-only file, which is read again at start.
/// </summary>
internal sealed class EmbeddedStore : IDisposable
{
    private const string SocketDirectoryPrefix = "ratelimiter-";

    private readonly FileStream directoryLock;
    private readonly string socketDirectory;
    private readonly GarnetServer server;

    private EmbeddedStore(
        FileStream directoryLock,
        string socketDirectory,
        GarnetServer server,
        ConfigurationOptions configuration
    )
    {
        this.directoryLock = directoryLock;
        this.socketDirectory = socketDirectory;
        this.server = server;
        Configuration = configuration;
    }

    /// <summary>How to connect to it.</summary>
    public ConfigurationOptions Configuration { get; }

    /// <param name="directory">The folder of its files; made when missing.</param>
    /// <exception cref="EmbeddedStoreException">The folder is in use, or cannot be used.</exception>
    public static EmbeddedStore Start(string directory)
    {
        var directoryLock = Lock(directory);
        var socketDirectory = MakeSocketDirectory(directoryLock);
        var socket = Path.Combine(socketDirectory, "store.sock");
        var password = RandomNumberGenerator.GetHexString(64);
        try
        {
            var server = new GarnetServer(Arguments(directory, socket, password));
            server.Start();
            var configuration = new ConfigurationOptions { Password = password };
            configuration.EndPoints.Add(new UnixDomainSocketEndPoint(socket));
            return new EmbeddedStore(directoryLock, socketDirectory, server, configuration);
        }
        catch (Exception exception)
        {
            directoryLock.Dispose();
            Directory.Delete(socketDirectory, recursive: true);
            throw new EmbeddedStoreException(
                $"The embedded store cannot start from Embedded:DataDirectory '{directory}': {exception.Message}",
                exception
            );
        }
    }

    public void Dispose()
    {
        server.Dispose();
        directoryLock.Dispose();
        Directory.Delete(socketDirectory, recursive: true);
    }

    // The lock belongs to the process, so that it is gone also after a kill -9.
    private static FileStream Lock(string directory)
    {
        try
        {
            CreatePrivate(directory);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unusable(directory, exception);
        }

        try
        {
            return new FileStream(
                Path.Combine(directory, "lock"),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None
            );
        }
        catch (UnauthorizedAccessException exception)
        {
            throw Unusable(directory, exception);
        }
        catch (IOException exception)
        {
            throw new EmbeddedStoreException(
                $"Embedded:DataDirectory '{directory}' is in use by another process. Stop it, name another folder, "
                    + "or let both use one Redis.",
                exception
            );
        }
    }

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

    private static EmbeddedStoreException Unusable(string directory, Exception exception) =>
        new($"Embedded:DataDirectory '{directory}' cannot be used: {exception.Message}", exception);

    /// <summary>
    /// Makes the folder of the socket among the temporary ones, because the path of a socket may not have more than
    /// about 100 characters. Its name stands in the lock file, so that one which a killed process left is found.
    /// </summary>
    private static string MakeSocketDirectory(FileStream directoryLock)
    {
        using var reader = new StreamReader(directoryLock, leaveOpen: true);
        var left = reader.ReadToEnd();
        if (
            Path.GetFileName(left).StartsWith(SocketDirectoryPrefix, StringComparison.Ordinal)
            && Directory.Exists(left)
        )
        {
            Directory.Delete(left, recursive: true);
        }

        var made = Directory.CreateTempSubdirectory(SocketDirectoryPrefix).FullName;
        directoryLock.SetLength(0);
        directoryLock.Write(Encoding.UTF8.GetBytes(made));
        directoryLock.Flush();
        return made;
    }

    private static string[] Arguments(string directory, string socket, string password) =>
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
            // Every write goes to the file at once. Waiting for it (--aof-commit-wait) makes a check take 70 ms.
            "--aof-commit-freq",
            "0",
            "--fail-on-recovery-error",
            "--checkpointdir",
            directory,
            // The default device needs libaio, which is not everywhere.
            "--device-type",
            "RandomAccess",
            "--page",
            "1m",
            "--aof-memory",
            "16m",
            "--aof-page-size",
            "4m",
            // No banner, and no warning of a torn end of the file, which is what a kill leaves behind.
            "-q",
            "--logger-level",
            "Error",
        ];
}
