using System.Text;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>
/// The data directory, which this process alone uses. The lock belongs to the process, so that it is released even
/// after a kill -9.
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int WindowsSharingViolation = unchecked((int)0x80070020);

    private const string LockName = "lock";

    private readonly FileStream file;

    private DataDirectory(FileStream file) => this.file = file;

    /// <summary>Creates the directory when it is missing, and locks it.</summary>
    /// <exception cref="EmbeddedStoreException">It is in use or unusable.</exception>
    public static DataDirectory Lock(string directory)
    {
        try
        {
            CreatePrivate(directory);
            return new DataDirectory(
                new FileStream(
                    Path.Combine(directory, LockName),
                    FileMode.OpenOrCreate,
                    FileAccess.ReadWrite,
                    FileShare.None
                )
            );
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

    /// <summary>What was noted in the lock file; empty when nothing was.</summary>
    public string ReadNote()
    {
        using var reader = new StreamReader(file, leaveOpen: true);
        return reader.ReadToEnd();
    }

    /// <summary>Replaces the note in the lock file, which outlives a killed process.</summary>
    public void WriteNote(string note)
    {
        file.SetLength(0);
        file.Write(Encoding.UTF8.GetBytes(note));
        file.Flush();
    }

    public void Dispose() => file.Dispose();

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
}
