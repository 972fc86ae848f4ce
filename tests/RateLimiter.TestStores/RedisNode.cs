using System.Diagnostics;
using System.Net.Sockets;

namespace RateLimiter.TestStores;

/// <summary>
/// A process of redis-server on a free port of the loopback, with a folder of its own. It can be killed and started
/// again, with the same data.
/// </summary>
public sealed class RedisNode : IAsyncDisposable
{
    /// <summary>Makes it a failure, not a skipped test, when there is no real Redis.</summary>
    public const string RequiredVariable = "RATELIMITER_REQUIRE_REDIS";

    internal const string Host = "127.0.0.1";

    private const int StartAttempts = 10;

    private readonly TemporaryFolder folder = new();
    private readonly string[] arguments;
    private Process? process;

    private RedisNode(int port, IEnumerable<string> settings, string[] options)
    {
        Port = port;
        // A file, because servers that change roles write their new configuration to it.
        var configuration = Path.Combine(folder.Path, "redis.conf");
        File.WriteAllLines(
            configuration,
            [
                $"bind {Host}",
                $"port {port}",
                $"dir {folder.Path}",
                "loglevel warning",
                "save \"\"",
                .. settings,
            ]
        );
        arguments = [configuration, .. options];
    }

    public int Port { get; }

    public string Address => $"{Host}:{Port}";

    public bool IsRunning => process is { HasExited: false };

    /// <summary>Starts it (again), on the same port and with the data in its append-only file.</summary>
    /// <param name="more">Additional command-line arguments of this run.</param>
    public async Task RunAsync(params string[] more) =>
        Assert.That(await TryRunAsync(more), Is.True, $"redis-server cannot start on port {Port}.");

    /// <summary>Kills it as a crash would: SIGKILL.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    /// <summary>Pauses it (SIGSTOP): connections stay open and get no replies.</summary>
    public Task PauseAsync() => SignalAsync("STOP");

    /// <summary>Continues after <see cref="PauseAsync"/>.</summary>
    public Task ResumeAsync() => SignalAsync("CONT");

    /// <summary>The reply to a command, one line for each element.</summary>
    /// <exception cref="InvalidOperationException">It replied with an error, or not at all.</exception>
    public Task<string> AskAsync(params IEnumerable<string> command) =>
        RunClientAsync(["-h", Host, "-p", $"{Port}", "-e", .. command]);

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            await KillAsync();
        }

        folder.Dispose();
    }

    /// <summary>Starts one on a free port.</summary>
    /// <param name="settings">Creates the specific lines of its configuration, again for each attempt.</param>
    /// <param name="options">Further command-line arguments.</param>
    internal static async Task<RedisNode> StartAsync(
        Func<IEnumerable<string>> settings,
        params string[] options
    )
    {
        for (var attempt = 0; attempt < StartAttempts; attempt++)
        {
            var node = new RedisNode(RedisServer.FreePort(), settings(), options);
            if (await node.TryRunAsync())
            {
                return node;
            }

            // Another process has taken the port meanwhile.
            await node.DisposeAsync();
        }

        throw new InvalidOperationException("redis-server does not start.");
    }

    internal static bool IsInstalled =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Any(directory => File.Exists(Path.Combine(directory, "redis-server")));

    /// <summary>
    /// If redis-server is not installed, skips the test with a message, or fails it when a real Redis is required.
    /// </summary>
    internal static void MustBeInstalled()
    {
        if (IsInstalled)
        {
            return;
        }

        const string reason = "There is no redis-server on the PATH.";
        if (Environment.GetEnvironmentVariable(RequiredVariable) is { Length: > 0 })
        {
            Assert.Fail(reason);
        }

        Assert.Ignore(reason);
    }

    /// <summary>Runs redis-cli.</summary>
    /// <returns>Its output.</returns>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    internal static async Task<string> RunClientAsync(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("redis-cli", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var client = Process.Start(start)!;
        var errors = client.StandardError.ReadToEndAsync();
        var output = await client.StandardOutput.ReadToEndAsync();
        await client.WaitForExitAsync();
        return client.ExitCode == 0
            ? output.TrimEnd()
            : throw new InvalidOperationException(
                $"redis-cli {string.Join(' ', start.ArgumentList)}: {output}{await errors}"
            );
    }

    private async Task<bool> TryRunAsync(params string[] more)
    {
        process = Process.Start(
            new ProcessStartInfo("redis-server", [.. arguments, .. more])
            {
                RedirectStandardOutput = true,
            }
        )!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!process.HasExited)
        {
            if (await AnswersAsync(timeout.Token))
            {
                return true;
            }

            await Task.Delay(20, timeout.Token);
        }

        return false;
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process!.Id}"]);
        await kill.WaitForExitAsync();
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(Host, Port, cancellationToken);
            var stream = client.GetStream();
            // The server that replies may be another one, which took the port first.
            await stream.WriteAsync("INFO server\r\n"u8.ToArray(), cancellationToken);
            using var reader = new StreamReader(stream);
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                if (line.StartsWith("-NOAUTH", StringComparison.Ordinal))
                {
                    // It was started with a password, and does not reveal its identity without it.
                    return true;
                }

                if (line.StartsWith("process_id:", StringComparison.Ordinal))
                {
                    return line == $"process_id:{process!.Id}";
                }
            }

            return false;
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            return false;
        }
    }
}
