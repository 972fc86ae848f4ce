using System.Net.Sockets;

namespace RateLimiter.Bench.Targets;

/// <summary>nginx with a Lua script that calls Redis.</summary>
internal sealed class NginxTarget : Peer
{
    public override string Name => "nginx + Lua + Redis";

    public static async Task<Target> StartAsync(IEnumerable<Rule> rules)
    {
        var store = await RedisServer.StartAsync();
        var port = RedisServer.FreePort();
        var folder = new TemporaryFolder().Path;
        var configuration = Path.Combine(folder, "nginx.conf");
        var template = await File.ReadAllTextAsync(Repository.Asset("nginx", "nginx.conf"));
        await File.WriteAllTextAsync(configuration, template.Replace("${PORT}", $"{port}"));
        File.Copy(Repository.Asset("nginx", "check.lua"), Path.Combine(folder, "check.lua"));
        var server = new RunningProcess(
            "nginx",
            ["-p", folder, "-c", configuration],
            folder,
            Settings(store, rules)
        );
        await WaitUntilListeningAsync(server, port);
        return new NginxTarget
        {
            Address = new Uri($"http://127.0.0.1:{port}"),
            Server = server,
            Store = store,
        };
    }

    // It does not print when it is ready.
    private static async Task WaitUntilListeningAsync(RunningProcess server, int port)
    {
        while (!server.HasEnded)
        {
            try
            {
                using var connection = new TcpClient();
                await connection.ConnectAsync("127.0.0.1", port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(20);
            }
        }

        throw server.Failure();
    }
}
