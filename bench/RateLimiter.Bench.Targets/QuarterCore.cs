using System.Globalization;

namespace RateLimiter.Bench;

/// <summary>
/// A quarter of a core, as in a container with <c>cpu: 250m</c>: 25 ms of every 100 ms, in one piece. Implemented by a
/// control group of version 1 or 2 where one can be created; otherwise by loops that use the rest of the machine.
/// </summary>
internal sealed class QuarterCore : IDisposable
{
    private const int PeriodMicroseconds = 100_000;
    private const int QuotaMicroseconds = PeriodMicroseconds / 4;

    // Together with a process that needs a whole core, each gets a quarter.
    private const int LoopsPerCore = 3;

    private readonly string? folder;
    private readonly List<RunningProcess> loops = [];

    public QuarterCore()
    {
        folder = TryMakeGroup();
        if (folder is not null)
        {
            StartedResources.Add(this, () => { });
            return;
        }

        for (var i = 0; i < LoopsPerCore * Environment.ProcessorCount; i++)
        {
            loops.Add(new RunningProcess("sh", ["-c", "while :; do :; done"], "."));
        }
    }

    /// <summary>How it is implemented.</summary>
    public string Description =>
        folder is null ? $"{loops.Count} loops beside it" : "a control group";

    /// <summary>Limits a process, and its future children.</summary>
    public void Limit(RunningProcess process)
    {
        if (folder is not null)
        {
            File.WriteAllText(
                Path.Combine(folder, "cgroup.procs"),
                process.Id.ToString(CultureInfo.InvariantCulture)
            );
        }
    }

    public void Dispose()
    {
        if (folder is not null && Directory.Exists(folder))
        {
            // Its files are virtual; the folder can be deleted once it contains no process.
            Directory.Delete(folder);
        }
    }

    private static string? TryMakeGroup()
    {
        var name = $"ratelimiter-bench-{Environment.ProcessId}";
        return TryMake($"/sys/fs/cgroup/cpu/{name}", SetVersion1)
            ?? TryMake($"/sys/fs/cgroup/{name}", SetVersion2);
    }

    private static string? TryMake(string folder, Action<string> set)
    {
        try
        {
            Directory.CreateDirectory(folder);
            set(folder);
            return folder;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder);
            }

            return null;
        }
    }

    private static void SetVersion1(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "cpu.cfs_period_us"), $"{PeriodMicroseconds}");
        File.WriteAllText(Path.Combine(folder, "cpu.cfs_quota_us"), $"{QuotaMicroseconds}");
    }

    private static void SetVersion2(string folder) =>
        File.WriteAllText(
            Path.Combine(folder, "cpu.max"),
            $"{QuotaMicroseconds} {PeriodMicroseconds}"
        );
}
