using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace RateLimiter.Bench;

/// <summary>
/// The bench cannot continue, or its measurement is invalid. The message is for the person who started it.
/// </summary>
internal sealed class BenchException(string message) : Exception(message);

/// <summary>A process that the bench has started, with its children.</summary>
internal sealed class RunningProcess : IDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly List<string> lines = [];
    private readonly TaskCompletionSource<Match> ready = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly Process process;
    private bool isDisposed;

    /// <param name="program">What to run.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="directory">Its working directory.</param>
    /// <param name="settings">Additional environment variables; the bench's own settings are not inherited.</param>
    /// <param name="readyLine">The line that it prints when it is ready.</param>
    public RunningProcess(
        string program,
        IEnumerable<string> arguments,
        string directory,
        IEnumerable<KeyValuePair<string, string>>? settings = null,
        Regex? readyLine = null
    )
    {
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

        foreach (var (name, value) in settings ?? [])
        {
            start.Environment[name] = value;
        }

        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Read(line.Data, readyLine);
        process.ErrorDataReceived += (_, line) => Read(line.Data, readyLine);
        StartedResources.Add(this, () => process.Start());
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    public bool HasEnded => process.HasExited;

    /// <summary>Its output so far.</summary>
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
            Process
                .GetProcesses()
                .Select(other => Stat.Read(other.Id))
                .Where(stat => stat?.Id == Id || stat?.Parent == Id)
                .Sum(stat => stat!.Ticks) / 100.0
        );

    /// <summary>The memory that it uses, without its children.</summary>
    public double ResidentMegabytes
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64 / 1024.0 / 1024.0;
        }
    }

    /// <summary>Runs a program until it exits.</summary>
    /// <returns>Its output.</returns>
    /// <exception cref="BenchException">It failed.</exception>
    public static async Task<string> RunAsync(
        string program,
        IEnumerable<string> arguments,
        string directory = "."
    )
    {
        using var running = new RunningProcess(program, arguments, directory);
        await running.process.WaitForExitAsync();
        return running.process.ExitCode == 0
            ? string.Join('\n', running.Output)
            : throw running.Failure();
    }

    /// <summary>Sends a signal, for example STOP, after which it does not reply, or CONT.</summary>
    public Task SignalAsync(string signal) => RunAsync("kill", [$"-{signal}", $"{Id}"]);

    /// <summary>Waits until it prints that it is ready.</summary>
    public Task<Match> WaitUntilReadyAsync() => ready.Task.WaitAsync(StartTimeout);

    public BenchException Failure() =>
        new($"{process.StartInfo.FileName} has ended:\n{string.Join('\n', Output)}");

    public void Dispose()
    {
        lock (process)
        {
            if (isDisposed)
            {
                return;
            }

            isDisposed = true;
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }
    }

    private static bool IsSetting(string name) =>
        name.StartsWith("REDIS_", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase)
        || name.Contains("__", StringComparison.Ordinal);

    private void Read(string? line, Regex? readyLine)
    {
        if (line is null)
        {
            ready.TrySetException(Failure());
            return;
        }

        lock (lines)
        {
            lines.Add(line);
        }

        if (readyLine?.Match(line) is { Success: true } match)
        {
            ready.TrySetResult(match);
        }
    }

    private sealed record Stat(int Id, int Parent, long Ticks)
    {
        public static Stat? Read(int id)
        {
            try
            {
                var text = File.ReadAllText($"/proc/{id}/stat");
                // The name of the program, in parentheses, may contain spaces.
                var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                return new Stat(id, (int)Field(1), Field(11) + Field(12));

                long Field(int index) => long.Parse(fields[index], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // It has exited since it was listed.
                return null;
            }
        }
    }
}
