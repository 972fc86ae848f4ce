using System.Diagnostics;
using System.Net.Sockets;
using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests;

/// <summary>nginx with the configuration in <c>deploy</c>, on a free port and with a folder of its own.</summary>
public sealed class NginxProxy : IAsyncDisposable
{
    /// <summary>Makes it a failure, not a skipped test, when there is no nginx.</summary>
    public const string RequiredVariable = "RATELIMITER_REQUIRE_NGINX";

    private readonly TemporaryFolder folder;
    private readonly Process process;

    private NginxProxy(TemporaryFolder folder, Process process, Uri address)
    {
        this.folder = folder;
        this.process = process;
        Address = address;
    }

    public Uri Address { get; }

    /// <summary>Starts it before a service. Skips the test, by name, where there is no nginx.</summary>
    public static async Task<NginxProxy> StartAsync(Service service)
    {
        var executable = Find();
        var folder = new TemporaryFolder();
        var port = RedisServer.FreePort();
        var configuration = (
            await File.ReadAllTextAsync(
                Path.Combine(TestContext.CurrentContext.TestDirectory, "nginx.conf")
            )
        )
            .Replace("/tmp/", $"{folder.Path}/", StringComparison.Ordinal)
            .Replace("listen 8000;", $"listen 127.0.0.1:{port};", StringComparison.Ordinal)
            .Replace("ratelimiter-1:8000", service.Address.Authority, StringComparison.Ordinal)
            .Replace("ratelimiter-2:8000", service.Address.Authority, StringComparison.Ordinal);
        var file = Path.Combine(folder.Path, "nginx.conf");
        await File.WriteAllTextAsync(file, configuration);
        var process = Process.Start(
            executable,
            ["-c", file, "-p", folder.Path, "-g", "daemon off; master_process off;"]
        );
        var proxy = new NginxProxy(folder, process, new Uri($"http://127.0.0.1:{port}"));
        await Poll.UntilAsync(
            "nginx does not listen.",
            TimeSpan.FromSeconds(20),
            async () =>
            {
                Assert.That(process.HasExited, Is.False, "nginx has ended.");
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
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        process.Dispose();
        folder.Dispose();
    }

    private static string Find()
    {
        // Debian keeps it where only root's PATH leads.
        var found = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin"
            .Split(Path.PathSeparator)
            .Select(directory => Path.Combine(directory, "nginx"))
            .FirstOrDefault(File.Exists);
        if (found is not null)
        {
            return found;
        }

        const string reason = "There is no nginx on the PATH.";
        if (Environment.GetEnvironmentVariable(RequiredVariable) is { Length: > 0 })
        {
            Assert.Fail(reason);
        }

        Assert.Ignore(reason);
        return "";
    }
}
