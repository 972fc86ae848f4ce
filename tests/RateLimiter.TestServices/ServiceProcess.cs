using System.Diagnostics;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;

namespace RateLimiter.TestServices;

/// <summary>The built service as a process of its own, for tests of how it starts, stops, fails and is suspended.</summary>
public sealed partial class ServiceProcess : Service
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(20);

    private static readonly string Assembly = typeof(ServiceProcess)
        .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(metadata => metadata.Key == "ServicePath")
        .Value!;

    private readonly StringBuilder output = new();
    private readonly TaskCompletionSource<Uri> listening = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private readonly Process process;

    private ServiceProcess(string directory, IEnumerable<(string Name, string Value)> settings)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { Assembly },
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The environment of the test run must not configure the service.
        foreach (var name in start.Environment.Keys.Where(IsSetting).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        // Most of them live for seconds: profiling their load costs more than it gains.
        start.Environment["DOTNET_TieredPGO"] = "0";

        if (!start.Environment.Keys.Any(IsAddress))
        {
            start.Environment[Urls] = AnyPort;
        }

        process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <param name="ExitCode">The exit code.</param>
    /// <param name="Lines">Its output.</param>
    public sealed record Refusal(int ExitCode, IReadOnlyList<string> Lines);

    /// <summary>The address where it listens.</summary>
    public override Uri Address => listening.Task.Result;

    /// <summary>The id of its process.</summary>
    public int ProcessId => process.Id;

    /// <summary>Its output so far.</summary>
    public override string Output
    {
        get
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    /// <summary>Starts it, and waits until it is available.</summary>
    public static new async Task<ServiceProcess> StartAsync(
        string directory,
        params (string Name, string Value)[] settings
    )
    {
        var service = new ServiceProcess(directory, settings);
        try
        {
            await service.listening.Task.WaitAsync(StartTimeout);
            await service.WaitUntilLiveAsync();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it with settings that it must reject, and waits until it has exited.</summary>
    public static new async Task<Refusal> StartInVainAsync(
        string directory,
        params (string Name, string Value)[] settings
    )
    {
        await using var service = new ServiceProcess(directory, settings);
        await service.listening.Task.ContinueWith(
            listening =>
                Assert.That(listening.IsCompletedSuccessfully, Is.False, "It has started."),
            TaskScheduler.Default
        );
        var exitCode = await service.WaitForExitAsync(StopTimeout);
        return new Refusal(exitCode, service.OutputLines);
    }

    /// <summary>Kills it like a crash: SIGKILL.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await WaitForExitAsync(StopTimeout);
    }

    /// <summary>Stops it like a container runtime: SIGTERM.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> TerminateAsync() => EndAsync("TERM");

    /// <summary>
    /// Stops it like Ctrl-C: SIGINT. A shell without job control makes processes that it starts with <c>&amp;</c> ignore
    /// that signal, and the service with them, so that tests of it must run in the foreground.
    /// </summary>
    /// <returns>The exit code.</returns>
    public Task<int> InterruptAsync() => EndAsync("INT");

    /// <summary>Suspends it (SIGSTOP): its connections stay open and it does nothing.</summary>
    public Task PauseAsync() => SignalAsync("STOP");

    /// <summary>Resumes it after <see cref="PauseAsync"/>.</summary>
    public Task ResumeAsync() => SignalAsync("CONT");

    public override async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await KillAsync();
        }

        process.Dispose();
        await TestContext.Out.WriteLineAsync(Output);
    }

    private async Task<int> EndAsync(string signal)
    {
        await SignalAsync(signal);
        return await WaitForExitAsync(StopTimeout);
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            // One of the streams has ended, and the process with it.
            listening.TrySetException(new InvalidOperationException("The service has ended."));
            return;
        }

        lock (output)
        {
            output.Append(line).Append('\n');
        }

        if (Listening.Match(line) is { Success: true } match)
        {
            listening.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    private async Task<int> WaitForExitAsync(TimeSpan timeout)
    {
        using var late = new CancellationTokenSource(timeout);
        await process.WaitForExitAsync(late.Token);
        return process.ExitCode;
    }

    [GeneratedRegex(@"listens on (https?://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening { get; }
}
