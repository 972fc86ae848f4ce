using System.Diagnostics;

namespace RateLimiter.EndToEndTests;

/// <summary>What Prometheus's own tool says.</summary>
internal static class Promtool
{
    /// <summary>Makes it a failure, not a skipped test, when there is no promtool.</summary>
    private const string RequiredVariable = "RATELIMITER_REQUIRE_PROMTOOL";

    /// <summary>Metrics without a fault, and without a name that goes against the habits of Prometheus.</summary>
    public static Task MustAcceptMetricsAsync(string text) =>
        RunAsync(["check", "metrics"], input: text);

    /// <summary>Runs it, and wants it to have nothing to complain about.</summary>
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
