using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace RateLimiter.Bench;

/// <summary>A process that the bench started, with its children. It ends with the bench.</summary>
internal sealed class RunningProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly List<string> lines = [];
    private readonly Regex? ready;
    private readonly TaskCompletionSource<Match> isReady = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly Process process;

    /// <param name="program">What to run.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="directory">Its working directory.</param>
    /// <param name="environment">Variables beside those of the bench, whose settings it does not inherit.</param>
    /// <param name="ready">The line that it prints when it is ready.</param>
    public RunningProcess(
        string program,
        IEnumerable<string> arguments,
        string directory,
        IReadOnlyDictionary<string, string>? environment = null,
        Regex? ready = null
    )
    {
        this.ready = ready;
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(IsSetting).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    public bool HasEnded => process.HasExited;

    /// <summary>What it has printed so far.</summary>
    public IReadOnlyList<string> Output
    {
        get
        {
            lock (lines)
            {
                return [.. lines];
            }
        }
    }

    /// <summary>The processor time that it and its children have used, to a hundredth of a second.</summary>
    public TimeSpan CpuTime =>
        TimeSpan.FromSeconds(
            Directory
                .EnumerateDirectories("/proc")
                .Select(Path.GetFileName)
                .Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out _))
                .Select(ReadStat)
                .Where(stat => stat is not null && (stat.Id == Id || stat.Parent == Id))
                .Sum(stat => stat!.Ticks) / 100.0
        );

    /// <summary>The memory that it holds without its children.</summary>
    public double ResidentMegabytes
    {
        get
        {
            var line = File.ReadLines($"/proc/{Id}/status")
                .Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            var kilobytes = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
            return double.Parse(kilobytes, CultureInfo.InvariantCulture) / 1024;
        }
    }

    /// <summary>Waits until it prints the line that says that it is ready.</summary>
    public Task<Match> WaitUntilReadyAsync(CancellationToken cancellationToken) =>
        isReady.Task.WaitAsync(StartTimeout, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static bool IsSetting(string name) =>
        name.StartsWith("REDIS_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase)
        || name.Contains("__", StringComparison.Ordinal);

    private static Stat? ReadStat(string? name)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{name}/stat");
            // The name of the program, in parentheses, may hold spaces.
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return new Stat(
                int.Parse(name!, CultureInfo.InvariantCulture),
                int.Parse(fields[1], CultureInfo.InvariantCulture),
                long.Parse(fields[11], CultureInfo.InvariantCulture)
                    + long.Parse(fields[12], CultureInfo.InvariantCulture)
            );
        }
        catch (IOException)
        {
            // It has ended since it was listed.
            return null;
        }
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            isReady.TrySetException(
                new BenchException(
                    $"{process.StartInfo.FileName} has ended:\n{string.Join('\n', Output)}"
                )
            );
            return;
        }

        lock (lines)
        {
            lines.Add(line);
        }

        if (ready?.Match(line) is { Success: true } match)
        {
            isReady.TrySetResult(match);
        }
    }

    private sealed record Stat(int Id, int Parent, long Ticks);
}
