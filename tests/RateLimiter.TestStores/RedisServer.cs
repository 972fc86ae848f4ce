using System.Net;
using System.Net.Sockets;

namespace RateLimiter.TestStores;

/// <summary>
/// A real redis-server: a process on a free port of the loopback, with a folder of its own, which ends with the tests.
/// Or the server that REDIS_HOST names, which is used as it is and left running.
/// </summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly RedisNode? node;

    private RedisServer(string host, int port, RedisNode? node)
    {
        Host = host;
        Port = port;
        this.node = node;
    }

    /// <summary>Whether <see cref="StartAsync"/> can start or use one.</summary>
    public static bool IsAvailable => Named is not null || RedisNode.IsInstalled;

    public string Host { get; }

    public int Port { get; }

    public string ConnectionString => $"{Host}:{Port}";

    /// <summary>
    /// Starts a server. If it is not installed, the test is skipped with a message, or fails when a real Redis is
    /// required.
    /// </summary>
    /// <param name="ownProcess">Whether the test stops or pauses it, so that REDIS_HOST cannot be used.</param>
    public static async Task<RedisServer> StartAsync(bool ownProcess = false)
    {
        if (!ownProcess && Named is { } host)
        {
            var named = Environment.GetEnvironmentVariable("REDIS_PORT");
            return new RedisServer(host, int.TryParse(named, out var known) ? known : 6379, null);
        }

        RedisNode.MustBeInstalled();
        var node = await RedisNode.StartAsync(() => ["appendonly yes"]);
        return new RedisServer(RedisNode.Host, node.Port, node);
    }

    private static string? Named =>
        Environment.GetEnvironmentVariable("REDIS_HOST") is { Length: > 0 } host ? host : null;

    /// <inheritdoc cref="RedisNode.RunAsync"/>
    public Task RunAsync(params string[] more) => node!.RunAsync(more);

    /// <inheritdoc cref="RedisNode.KillAsync"/>
    public Task KillAsync() => node!.KillAsync();

    /// <inheritdoc cref="RedisNode.PauseAsync"/>
    public Task PauseAsync() => node!.PauseAsync();

    /// <inheritdoc cref="RedisNode.ResumeAsync"/>
    public Task ResumeAsync() => node!.ResumeAsync();

    /// <summary>Deletes all its data.</summary>
    public Task FlushAsync() => AskAsync("FLUSHALL");

    /// <inheritdoc cref="RedisNode.AskAsync"/>
    public Task<string> AskAsync(params IEnumerable<string> command) => node!.AskAsync(command);

    /// <summary>Sets the memory that it may use, beyond which it refuses writes; "0" for unlimited.</summary>
    public Task LimitMemoryAsync(string size) => node!.AskAsync("CONFIG", "SET", "maxmemory", size);

    public async ValueTask DisposeAsync()
    {
        if (node is not null)
        {
            await node.DisposeAsync();
        }
    }

    /// <summary>A port of the loopback that was free a moment ago.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
