using System.Diagnostics;
using System.Text.RegularExpressions;

namespace RateLimiter.EndToEndTests.AspNetCore;

/// <summary>A built sample app as a separate process, on a free port.</summary>
internal sealed partial class SampleApp : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly Process process;

    private SampleApp(Process process, Uri address)
    {
        this.process = process;
        Http = new HttpClient { BaseAddress = address };
    }

    public HttpClient Http { get; }

    /// <summary>Starts the sample of the ASP.NET Core package, and waits until it listens.</summary>
    public static Task<SampleApp> StartAsync(params (string Name, string Value)[] settings) =>
        StartAsync("aspnetcore", "RateLimiter.Samples.AspNetCore.dll", settings);

    /// <summary>Starts a sample, and waits until it listens.</summary>
    /// <param name="sample">Its folder in <c>samples</c>.</param>
    /// <param name="assembly">Its file.</param>
    /// <param name="settings">Its environment.</param>
    public static async Task<SampleApp> StartAsync(
        string sample,
        string assembly,
        params (string Name, string Value)[] settings
    )
    {
        var folder = RepositoryFile.Of(
            $"samples/{sample}/bin/{RepositoryFile.Configuration}/net10.0"
        );
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { Path.Combine(folder, assembly) },
            // Its settings are its own, not those of the service in the tests' folder.
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            Environment = { ["ASPNETCORE_URLS"] = "http://127.0.0.1:0" },
        };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        var listening = new TaskCompletionSource<Uri>(
            TaskCreationOptions.RunContinuationsAsynchronously
        );
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) =>
        {
            if (ListenLine().Match(line.Data ?? "") is { Success: true } match)
            {
                listening.TrySetResult(new Uri(match.Groups[1].Value));
            }
        };
        process.Start();
        process.BeginOutputReadLine();
        try
        {
            return new SampleApp(process, await listening.Task.WaitAsync(StartTimeout));
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    [GeneratedRegex(@"listening on: (http://\S+)")]
    private static partial Regex ListenLine();
}
