using System.Diagnostics;
using System.Net.Sockets;

namespace RateLimiter.TestStores;

/// <summary>
/// PgBouncer in front of a PostgreSQL, in transaction mode: each transaction may use another of its few connections. It
/// is a process on a free port of the loopback, with a folder of its own.
/// </summary>
public sealed class PgBouncer : IAsyncDisposable
{
    private const string Host = "127.0.0.1";
    private const string Program = "/usr/sbin/pgbouncer";

    /// <summary>Set where a missing PgBouncer is a failure.</summary>
    private const string RequiredVariable = "RATELIMITER_REQUIRE_PGBOUNCER";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TemporaryFolder folder = new();
    private readonly int port = RedisServer.FreePort();
    private Process? process;

    private PgBouncer() { }

    /// <summary>Starts one. If it is not installed, the test is skipped with a message.</summary>
    /// <param name="server">The server behind it.</param>
    /// <param name="connections">The number of its connections to the server.</param>
    public static async Task<PgBouncer> StartAsync(PostgresServer server, int connections)
    {
        if (!File.Exists(Program))
        {
            if (Environment.GetEnvironmentVariable(RequiredVariable) is { Length: > 0 })
            {
                Assert.Fail($"There is no {Program}, and {RequiredVariable} is set.");
            }

            Assert.Ignore($"There is no {Program}.");
        }

        var bouncer = new PgBouncer();
        try
        {
            await bouncer.RunAsync(server, connections);
            return bouncer;
        }
        catch
        {
            await bouncer.DisposeAsync();
            throw;
        }
    }

    /// <summary>The connection string of a database through it, in the syntax of Npgsql.</summary>
    public string ConnectionString(string database) =>
        $"Host={Host};Port={port};Database={database};Username={PostgresServer.Owner}";

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        folder.Dispose();
    }

    private async Task RunAsync(PostgresServer server, int connections)
    {
        var settings = Path.Combine(folder.Path, "pgbouncer.ini");
        await File.WriteAllLinesAsync(
            settings,
            [
                "[databases]",
                $"* = host={Host} port={server.Port} user={PostgresServer.Owner}",
                "[pgbouncer]",
                $"listen_addr = {Host}",
                $"listen_port = {port}",
                "unix_socket_dir =",
                "auth_type = any",
                "pool_mode = transaction",
                $"default_pool_size = {connections}",
            ]
        );
        // It does not run as root, and reads its settings before it drops the rights.
        string[] user = Environment.IsPrivilegedProcess ? ["-u", "nobody"] : [];
        process = Process.Start(
            new ProcessStartInfo(Program, ["-q", .. user, settings])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            }
        )!;
        process.ErrorDataReceived += (_, _) => { };
        process.OutputDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        await Poll.UntilAsync("PgBouncer does not start.", Patience, ListensAsync);
    }

    private async Task<bool> ListensAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(Host, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
