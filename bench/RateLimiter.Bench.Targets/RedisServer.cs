using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace RateLimiter.Bench;

/// <summary>A redis-server on a port of the loopback.</summary>
internal sealed partial class RedisServer
{
    private RedisServer(string folder, int port, params IEnumerable<string> persistence)
    {
        Port = port;
        Process = new RunningProcess(
            "redis-server",
            ["--bind", "127.0.0.1", "--port", $"{port}", "--save", "", .. persistence],
            folder,
            readyLine: Ready
        );
    }

    public int Port { get; }

    public RunningProcess Process { get; }

    /// <summary>Starts a new one without persistence.</summary>
    public static async Task<RedisServer> StartAsync()
    {
        var server = new RedisServer(new TemporaryFolder().Path, FreePort());
        await server.Process.WaitUntilReadyAsync();
        return server;
    }

    /// <summary>Runs one that writes before it replies, so that a kill loses nothing. It is not ready yet.</summary>
    /// <param name="folder">The folder of its file, which is kept between runs.</param>
    /// <param name="port">The port on which it listens.</param>
    public static RedisServer RunDurable(string folder, int port) =>
        new(folder, port, "--appendonly", "yes", "--appendfsync", "always");

    /// <summary>A port of the loopback that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>
    /// The number of scripts that clients have called so far. Other commands cannot be distinguished from those that
    /// scripts call, because Redis counts them together.
    /// </summary>
    public async Task<long> CountScriptsAsync() =>
        ScriptCalls
            .Matches(await AskAsync("INFO", "commandstats"))
            .Sum(match => long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    public async Task<long> CountKeysAsync() =>
        long.Parse(await AskAsync("DBSIZE"), CultureInfo.InvariantCulture);

    /// <summary>The sum of all plain numbers whose keys have the prefix.</summary>
    public async Task<long> SumAsync(string prefix)
    {
        const string script = """
            local sum = 0
            for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
              sum = sum + redis.call('GET', key)
            end
            return sum
            """;
        return long.Parse(
            await AskAsync("EVAL", script, "0", prefix),
            CultureInfo.InvariantCulture
        );
    }

    /// <summary>Sends a command.</summary>
    /// <returns>The reply, as redis-cli prints it.</returns>
    public Task<string> AskAsync(params IEnumerable<string> command) =>
        RunningProcess.RunAsync("redis-cli", ["-p", $"{Port}", .. command]);

    [GeneratedRegex("Ready to accept connections")]
    private static partial Regex Ready { get; }

    [GeneratedRegex(@"cmdstat_(?:evalsha|eval|evalsha_ro|eval_ro|fcall|fcall_ro):calls=(\d+)")]
    private static partial Regex ScriptCalls { get; }
}
