using System.Runtime.InteropServices;

namespace RateLimiter.Bench;

/// <summary>
/// The processes and folders that the bench has made. All of them go at the end of the scenario that made them, and at
/// the end of the bench, whatever ends it.
/// </summary>
internal static class Belongings
{
    private static readonly Lock Lock = new();
    private static readonly List<IDisposable> All = [];
    private static readonly PosixSignalRegistration Interrupted = PosixSignalRegistration.Create(
        PosixSignal.SIGINT,
        _ => Environment.Exit(130)
    );

    static Belongings() =>
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            Dispose();
            Interrupted.Dispose();
        };

    public static void Add(IDisposable one)
    {
        lock (Lock)
        {
            All.Add(one);
        }
    }

    public static void Remove(IDisposable one)
    {
        lock (Lock)
        {
            All.Remove(one);
        }
    }

    /// <summary>Disposes of all, the last first.</summary>
    public static void Dispose()
    {
        while (Last() is { } one)
        {
            one.Dispose();
        }
    }

    private static IDisposable? Last()
    {
        lock (Lock)
        {
            return All.LastOrDefault();
        }
    }
}

/// <summary>A folder for something that the bench starts.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Belongings.Add(this);

    public string Path { get; } = Directory.CreateTempSubdirectory("ratelimiter-bench-").FullName;

    public void Dispose()
    {
        Directory.Delete(Path, recursive: true);
        Belongings.Remove(this);
    }
}
