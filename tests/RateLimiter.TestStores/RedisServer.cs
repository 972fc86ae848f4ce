using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace RateLimiter.TestStores;

/// <summary>
/// A real redis-server: a process of its own on a free port of the loopback, with a folder of its own, that ends with
/// the tests. Or the server that REDIS_HOST names, which is used as it is and left running.
/// </summary>
public sealed class RedisServer : IAsyncDisposable
{
    /// <summary>Makes it a failure, not a skipped test, when there is no real Redis.</summary>
    public const string RequiredVariable = "RATELIMITER_REQUIRE_REDIS";

    private readonly TemporaryFolder? folder;
    private Process? process;

    private RedisServer(string host, int port, TemporaryFolder? folder)
    {
        Host = host;
        Port = port;
        this.folder = folder;
    }

    public string Host { get; }

    public int Port { get; }

    public string ConnectionString => $"{Host}:{Port}";

    /// <summary>
    /// Starts a server. Where there is none, the test is skipped, which its result says, or failed when a real Redis is
    /// required.
    /// </summary>
    /// <param name="ownProcess">Whether the test stops or pauses it, so that REDIS_HOST will not do.</param>
    public static async Task<RedisServer> StartAsync(bool ownProcess = false)
    {
        if (!ownProcess && Environment.GetEnvironmentVariable("REDIS_HOST") is { Length: > 0 } host)
        {
            var named = Environment.GetEnvironmentVariable("REDIS_PORT");
            return new RedisServer(host, int.TryParse(named, out var known) ? known : 6379, null);
        }

        if (!IsInstalled())
        {
            const string reason = "There is no redis-server on the PATH.";
            if (Environment.GetEnvironmentVariable(RequiredVariable) is { Length: > 0 })
            {
                Assert.Fail(reason);
            }

            Assert.Ignore(reason);
        }

        while (true)
        {
            var server = new RedisServer("127.0.0.1", FreePort(), new TemporaryFolder());
            if (await server.TryRunAsync())
            {
                return server;
            }

            // Somebody else took the port in the meantime.
            await server.DisposeAsync();
        }
    }

    /// <summary>Starts it (again), on the same port and with the data that its append-only file holds.</summary>
    /// <param name="options">More of its options, as on its command line.</param>
    public async Task RunAsync(params string[] options) =>
        Assert.That(
            await TryRunAsync(options),
            Is.True,
            $"redis-server cannot start on port {Port}."
        );

    /// <summary>Ends it as a crash would: SIGKILL.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    /// <summary>Stops it in mid-air (SIGSTOP): connections stay open and nobody answers.</summary>
    public Task PauseAsync() => SignalAsync("STOP");

    /// <summary>Lets it go on after <see cref="PauseAsync"/>.</summary>
    public Task ResumeAsync() => SignalAsync("CONT");

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            await KillAsync();
        }

        folder?.Dispose();
    }

    /// <summary>A port of the loopback that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool IsInstalled() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Any(directory => File.Exists(Path.Combine(directory, "redis-server")));

    private async Task<bool> TryRunAsync(params string[] options)
    {
        var start = new ProcessStartInfo("redis-server")
        {
            ArgumentList =
            {
                "--bind",
                Host,
                "--port",
                $"{Port}",
                "--dir",
                folder!.Path,
                "--appendonly",
                "yes",
                "--save",
                "",
                "--loglevel",
                "warning",
            },
            RedirectStandardOutput = true,
        };
        foreach (var option in options)
        {
            start.ArgumentList.Add(option);
        }

        process = Process.Start(start)!;
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
            // Who answers may be another's server, which took the port first.
            await stream.WriteAsync("INFO server\r\n"u8.ToArray(), cancellationToken);
            using var reader = new StreamReader(stream);
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
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
