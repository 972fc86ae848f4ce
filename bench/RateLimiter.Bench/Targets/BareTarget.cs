using System.Text.RegularExpressions;

namespace RateLimiter.Bench.Targets;

/// <summary>The baseline: an MVC action that binds and responds, and does nothing else.</summary>
internal sealed partial class BareTarget : Target
{
    public override string Name => "bare MVC action";

    public override bool Decides => false;

    public static async Task<Target> StartAsync()
    {
        var folder = Repository.Artifact("bare");
        var server = new RunningProcess(
            Path.Combine(folder, "RateLimiter.Bench.Bare"),
            ["--urls", "http://127.0.0.1:0"],
            folder,
            readyLine: Listening
        );
        var listening = await server.WaitUntilReadyAsync();
        return new BareTarget { Address = new Uri(listening.Groups[1].Value), Server = server };
    }

    public override Task<long> CountUsedAsync(string route, int users) =>
        throw new NotSupportedException("It counts nothing.");

    [GeneratedRegex(@"listening on: (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening { get; }
}
