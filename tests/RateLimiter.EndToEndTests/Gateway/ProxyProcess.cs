using System.Diagnostics;
using System.Net.Sockets;
using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests.Gateway;

/// <summary>A third-party proxy, on a free port of the loopback and with a folder of its own.</summary>
public sealed class ProxyProcess : IAsyncDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly int port = RedisServer.FreePort();
    private Process? process;

    public Uri Address => new($"http://{Authority}");

    /// <summary>The address where it is to listen.</summary>
    public string Authority => $"127.0.0.1:{port}";

    /// <summary>The only folder that it may write to.</summary>
    public string Folder => folder.Path;

    /// <summary>Finds a program. Skips the test, with the name, when it is not installed.</summary>
    /// <param name="name">The program.</param>
    /// <param name="requiredVariable">Makes it a failure, not a skipped test.</param>
    public static string Find(string name, string requiredVariable)
    {
        // Debian installs some only on root's PATH.
        var found = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin"
            .Split(Path.PathSeparator)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(File.Exists);
        if (found is not null)
        {
            return found;
        }

        var reason = $"There is no {name} on the PATH.";
        if (Environment.GetEnvironmentVariable(requiredVariable) is { Length: > 0 })
        {
            Assert.Fail(reason);
        }

        Assert.Ignore(reason);
        return "";
    }

    /// <summary>Starts it, and waits until it listens.</summary>
    public async Task StartAsync(ProcessStartInfo start)
    {
        process = Process.Start(start)!;
        await Poll.UntilAsync(
            $"{start.FileName} does not listen.",
            TimeSpan.FromSeconds(20),
            async () =>
            {
                Assert.That(process.HasExited, Is.False, $"{start.FileName} has ended.");
                using var socket = new TcpClient();
                try
                {
                    await socket.ConnectAsync("127.0.0.1", port);
                    return true;
                }
                catch (SocketException)
                {
                    return false;
                }
            }
        );
    }

    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        process?.Dispose();
        folder.Dispose();
    }
}
