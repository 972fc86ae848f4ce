using System.Net.Sockets;
using System.Text;
using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests.Redis;

/// <summary>
/// Records what clients send to a Redis (MONITOR). Commands inside a script are omitted: they are no round trips.
/// </summary>
public sealed class CommandMonitor : IDisposable
{
    private const string End = "the test has seen enough";

    private readonly TcpClient connection;
    private readonly StreamReader reader;
    private readonly RedisServer redis;

    private CommandMonitor(RedisServer redis, TcpClient connection)
    {
        this.redis = redis;
        this.connection = connection;
        reader = new StreamReader(connection.GetStream(), Encoding.UTF8);
    }

    public static async Task<CommandMonitor> StartAsync(RedisServer redis)
    {
        var connection = new TcpClient();
        await connection.ConnectAsync(redis.Host, redis.Port);
        var monitor = new CommandMonitor(redis, connection);
        await connection.GetStream().WriteAsync("MONITOR\r\n"u8.ToArray());
        Assert.That(await monitor.reader.ReadLineAsync(), Is.EqualTo("+OK"));
        return monitor;
    }

    /// <summary>
    /// The commands since the start, such as <c>"EVALSHA" "…"</c>, without those with which a connection only checks whether
    /// it is alive.
    /// </summary>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        using (var other = new TcpClient())
        {
            await other.ConnectAsync(redis.Host, redis.Port);
            await other.GetStream().WriteAsync(Encoding.UTF8.GetBytes($"ECHO \"{End}\"\r\n"));
            await other.GetStream().ReadExactlyAsync(new byte[End.Length]);
        }

        var commands = new List<string>();
        while (
            await reader.ReadLineAsync() is { } line
            && !line.Contains(End, StringComparison.Ordinal)
        )
        {
            // +1339518083.107412 [0 127.0.0.1:60866] "GET" "key", or [0 lua] for a command inside a script.
            var isProbe =
                line.Contains("] \"PING\"", StringComparison.Ordinal)
                || line.Contains("] \"PUBLISH\" \"rl:news\" \"ping ", StringComparison.Ordinal)
                || line.Contains(" \"rl:{nobody:", StringComparison.Ordinal);
            if (!isProbe && !line.Contains(" lua] ", StringComparison.Ordinal))
            {
                commands.Add(line[(line.IndexOf("] ", StringComparison.Ordinal) + 2)..]);
            }
        }

        return commands;
    }

    public void Dispose()
    {
        reader.Dispose();
        connection.Dispose();
    }
}
