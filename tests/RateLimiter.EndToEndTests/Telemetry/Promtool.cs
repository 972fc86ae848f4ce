using System.Diagnostics;
using RateLimiter.EndToEndTests.Gateway;

namespace RateLimiter.EndToEndTests.Telemetry;

/// <summary>Prometheus's own validation tool.</summary>
internal static class Promtool
{
    /// <summary>Makes it a failure, not a skipped test, when there is no promtool.</summary>
    private const string RequiredVariable = "RATELIMITER_REQUIRE_PROMTOOL";

    /// <summary>Valid metrics, whose names follow the conventions of Prometheus.</summary>
    public static Task MustAcceptMetricsAsync(string text) =>
        RunAsync(["check", "metrics"], input: text);

    /// <summary>Runs it, and expects no findings.</summary>
    public static async Task RunAsync(IEnumerable<string> arguments, string input)
    {
        using var process = Process.Start(
            new ProcessStartInfo(ProxyProcess.Find("promtool", RequiredVariable), arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var said = Task.WhenAll(
            process.StandardOutput.ReadToEndAsync(),
            process.StandardError.ReadToEndAsync()
        );
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var text = string.Join('\n', await said);
        await process.WaitForExitAsync();
        Assert.That(process.ExitCode, Is.Zero, text);
    }
}
