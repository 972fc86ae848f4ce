using System.Net.Sockets;

namespace RateLimiter.Bench.Targets;

/// <summary>nginx with a Lua script that asks Redis.</summary>
internal sealed class NginxTarget(Owned owned) : Peer(owned)
{
    public override string Name => "nginx + Lua + Redis";

    public static Task<Target> StartAsync(
        IReadOnlyList<Rule> rules,
        CancellationToken cancellationToken
    ) =>
        Owned.MakeAsync<Target>(async owned =>
        {
            var store = owned.Add(await RedisServer.StartAsync(cancellationToken));
            var folder = owned.Add(new TemporaryFolder()).Path;
            var port = RedisServer.FreePort();
            var template = Repository.Asset("peers", "nginx", "nginx.conf");
            var configuration = Path.Combine(folder, "nginx.conf");
            await File.WriteAllTextAsync(
                configuration,
                (await File.ReadAllTextAsync(template, cancellationToken)).Replace(
                    "${PORT}",
                    $"{port}",
                    StringComparison.Ordinal
                ),
                cancellationToken
            );
            File.Copy(
                Repository.Asset("peers", "nginx", "check.lua"),
                Path.Combine(folder, "check.lua")
            );
            var server = owned.Add(
                new RunningProcess(
                    "nginx",
                    ["-p", folder, "-c", configuration],
                    folder,
                    Settings(store, rules)
                )
            );
            await WaitUntilListeningAsync(server, port, cancellationToken);
            return new NginxTarget(owned)
            {
                Address = new Uri($"http://127.0.0.1:{port}"),
                Server = server,
                Store = store,
                ApiKey = MadeUpKey,
            };
        });

    // It does not say when it is ready.
    private static async Task WaitUntilListeningAsync(
        RunningProcess server,
        int port,
        CancellationToken cancellationToken
    )
    {
        while (!server.HasEnded)
        {
            try
            {
                using var connection = new TcpClient();
                await connection.ConnectAsync("127.0.0.1", port, cancellationToken);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(20, cancellationToken);
            }
        }

        throw new BenchException($"nginx did not start:\n{string.Join('\n', server.Output)}");
    }
}
