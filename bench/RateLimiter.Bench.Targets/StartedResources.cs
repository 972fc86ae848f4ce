using System.Runtime.InteropServices;

namespace RateLimiter.Bench;

/// <summary>
/// The processes and folders that the bench has created. All of them are removed at the end of the scenario that
/// created them, and when the bench is interrupted.
/// </summary>
internal static class StartedResources
{
    private static readonly Lock Lock = new();
    private static readonly Stack<IDisposable> All = [];

    /// <summary>Whether the bench was interrupted, so that whatever it is doing fails.</summary>
    public static bool IsInterrupted { get; private set; }

    /// <param name="one">Something that can be disposed of more than once.</param>
    /// <param name="make">Creates it.</param>
    public static void Add(IDisposable one, Action make)
    {
        lock (Lock)
        {
            ObjectDisposedException.ThrowIf(IsInterrupted, typeof(StartedResources));
            make();
            All.Push(one);
        }
    }

    /// <summary>Disposes of all of them, the last first.</summary>
    public static void Dispose()
    {
        lock (Lock)
        {
            while (All.TryPop(out var one))
            {
                one.Dispose();
            }
        }
    }

    /// <summary>
    /// Handles a signal that would end the bench: everything is removed, and what the bench is doing fails.
    /// </summary>
    public static void Interrupt(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (Lock)
        {
            IsInterrupted = true;
            Dispose();
        }
    }
}

/// <summary>A folder for something that the bench starts.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private const string Prefix = "ratelimiter-bench-";

    /// <param name="parent">The folder to create it in; null for the system's temporary folder.</param>
    public TemporaryFolder(string? parent = null) =>
        StartedResources.Add(
            this,
            () =>
                Path = parent is null
                    ? Directory.CreateTempSubdirectory(Prefix).FullName
                    : Directory
                        .CreateDirectory(
                            System.IO.Path.Combine(parent, $"{Prefix}{Guid.NewGuid():N}")
                        )
                        .FullName
        );

    public string Path { get; private set; } = "";

    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
