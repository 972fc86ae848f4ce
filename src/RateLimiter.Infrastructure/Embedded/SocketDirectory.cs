using System.Net.Sockets;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>
/// The directory of the server's socket, among the temporary ones, because a socket path is limited to about 100
/// characters. Its name is noted in the data directory, so that the directory which a killed process left behind is
/// found; its lock keeps other processes from deleting it.
/// </summary>
internal sealed class SocketDirectory : IDisposable
{
    private const string Prefix = "ratelimiter-";
    private const string SocketName = "store.sock";
    private const string LockName = "lock";

    private readonly string path;
    private readonly FileStream file;

    private SocketDirectory(string path, FileStream file) => (this.path, this.file) = (path, file);

    /// <summary>The path of the socket.</summary>
    public string Socket => Path.Combine(path, SocketName);

    /// <summary>Deletes the directory that was left behind, and makes another one.</summary>
    /// <exception cref="EmbeddedStoreException">The folder for temporary files cannot hold it.</exception>
    public static SocketDirectory Make(DataDirectory data)
    {
        DeleteLeft(data.ReadNote());
        string? made = null;
        try
        {
            made = Directory.CreateTempSubdirectory(Prefix).FullName;
            _ = new UnixDomainSocketEndPoint(Path.Combine(made, SocketName));
            var file = OpenAlone(Path.Combine(made, LockName), FileMode.CreateNew);
            data.WriteNote(made);
            return new SocketDirectory(made, file);
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

    public void Dispose()
    {
        file.Dispose();
        Directory.Delete(path, recursive: true);
    }

    // A copied data directory names the socket directory of the original, which may be in use.
    private static void DeleteLeft(string folder)
    {
        if (
            !Path.GetFileName(folder).StartsWith(Prefix, StringComparison.Ordinal)
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
}
