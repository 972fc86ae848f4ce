using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace RateLimiter.Bench;

/// <summary>A fresh redis-server on a free port of the loopback, which keeps nothing.</summary>
internal sealed partial class RedisServer : IAsyncDisposable
{
    private readonly Owned owned;
    private readonly RunningProcess process;

    private RedisServer(Owned owned, RunningProcess process, int port)
    {
        this.owned = owned;
        this.process = process;
        Port = port;
    }

    public int Port { get; }

    public TimeSpan CpuTime => process.CpuTime;

    public static Task<RedisServer> StartAsync(CancellationToken cancellationToken) =>
        Owned.MakeAsync(async owned =>
        {
            var folder = owned.Add(new TemporaryFolder()).Path;
            var port = FreePort();
            var process = owned.Add(
                new RunningProcess(
                    "redis-server",
                    ["--bind", "127.0.0.1", "--port", $"{port}", "--save", "", "--dir", folder],
                    folder,
                    ready: Ready
                )
            );
            await process.WaitUntilReadyAsync(cancellationToken);
            return new RedisServer(owned, process, port);
        });

    /// <summary>A port of the loopback that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>
    /// The scripts that clients have called so far. Commands inside of scripts are not counted: Redis counts them
    /// together with those that clients send, so that only calls of scripts can be told for certain.
    /// </summary>
    public async Task<long> CountScriptsAsync(CancellationToken cancellationToken)
    {
        var statistics = await AskAsync(["INFO", "commandstats"], cancellationToken);
        return ScriptCalls
            .Matches(statistics)
            .Sum(match => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
    }

    /// <summary>The sum of all plain numbers whose key begins so.</summary>
    public async Task<long> SumAsync(string prefix, CancellationToken cancellationToken)
    {
        const string script = """
            local sum = 0
            for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
              sum = sum + redis.call('GET', key)
            end
            return sum
            """;
        var sum = await AskAsync(["EVAL", script, "0", prefix], cancellationToken);
        return long.Parse(sum, CultureInfo.InvariantCulture);
    }

    public ValueTask DisposeAsync() => owned.DisposeAsync();

    private Task<string> AskAsync(
        IEnumerable<string> command,
        CancellationToken cancellationToken
    ) => Command.RunAsync("redis-cli", ["-p", $"{Port}", .. command], cancellationToken);

    [GeneratedRegex("Ready to accept connections")]
    private static partial Regex Ready { get; }

    [GeneratedRegex(@"cmdstat_(?:evalsha|eval|evalsha_ro|eval_ro|fcall|fcall_ro):calls=(\d+)")]
    private static partial Regex ScriptCalls { get; }
}
