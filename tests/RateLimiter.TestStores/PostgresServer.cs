using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace RateLimiter.TestStores;

/// <summary>
/// A real PostgreSQL on a free port of the loopback, with a folder of its own, which ends with the tests. It can be
/// killed as by a crash, paused, and started again with the same data.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    /// <summary>Makes it a failure, not a skipped test, when there is no real PostgreSQL.</summary>
    public const string RequiredVariable = "RATELIMITER_REQUIRE_POSTGRES";

    /// <summary>The role with all rights.</summary>
    public const string Owner = "postgres";

    private const string Host = "127.0.0.1";
    private const int StartAttempts = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly SemaphoreSlim Gate = new(1);
    private static TemporaryFolder? template;
    private static PostgresServer? shared;
    private static int databases;

    private readonly TemporaryFolder folder = new();
    private readonly ConcurrentQueue<string?> log = new();
    private readonly bool isDurable;
    private Process? process;

    private PostgresServer(bool isDurable) => this.isDurable = isDurable;

    public int Port { get; private set; }

    private string Data => Path.Combine(folder.Path, "data");

    /// <summary>One server for all tests, which create databases of their own.</summary>
    public static async Task<PostgresServer> GetSharedAsync()
    {
        MustBeInstalled();
        await Gate.WaitAsync();
        try
        {
            return shared ??= await StartLockedAsync(isDurable: false);
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>
    /// Starts a server. If it is not installed, the test is skipped with a message, or fails when a real PostgreSQL is
    /// required.
    /// </summary>
    /// <param name="isDurable">Whether committed data survives a crash, which takes longer.</param>
    public static async Task<PostgresServer> StartAsync(bool isDurable = false)
    {
        MustBeInstalled();
        await Gate.WaitAsync();
        try
        {
            return await StartLockedAsync(isDurable);
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>Stops the shared server, and removes the template that all servers are copied from.</summary>
    public static async Task StopSharedAsync()
    {
        if (shared is not null)
        {
            await shared.DisposeAsync();
        }

        template?.Dispose();
    }

    /// <summary>The connection string of a database, in the syntax of Npgsql.</summary>
    public string ConnectionString(string database, string user = Owner, string? password = null) =>
        $"Host={Host};Port={Port};Database={database};Username={user};Password={password}";

    /// <summary>Creates an empty database.</summary>
    /// <returns>Its name.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"test_{Interlocked.Increment(ref databases)}";
        await ExecuteAsync(Owner, $"CREATE DATABASE {name}");
        return name;
    }

    /// <summary>Runs statements with psql, as the role with all rights.</summary>
    /// <returns>Their unformatted results.</returns>
    /// <exception cref="InvalidOperationException">One of them failed.</exception>
    public Task<string> ExecuteAsync(string database, string sql) =>
        PsqlAsync(database, ["-c", sql]);

    /// <summary>Runs a file with psql.</summary>
    /// <inheritdoc cref="ExecuteAsync"/>
    public Task<string> ExecuteFileAsync(
        string database,
        string file,
        params IEnumerable<string> variables
    ) =>
        PsqlAsync(
            database,
            [.. variables.SelectMany(variable => new[] { "-v", variable }), "-f", file]
        );

    /// <summary>Starts it (again), on the same port and with the same data.</summary>
    public async Task RunAsync() =>
        Assert.That(await TryRunAsync(), Is.True, $"postgres does not start: {ReadLog()}");

    /// <summary>Kills all its processes as a crash would: SIGKILL.</summary>
    public async Task KillAsync()
    {
        // The children that remain end by themselves a moment later; until then the server could not start again.
        var all = await StopAllAsync();
        await SignalAsync("KILL", all);
        await process!.WaitForExitAsync();
        process.Dispose();
        process = null;
        await Poll.UntilAsync(
            "A process of PostgreSQL does not end.",
            Patience,
            () => Task.FromResult(!all.Any(IsThere))
        );
    }

    /// <summary>Pauses all its processes (SIGSTOP): connections stay open and get no replies.</summary>
    public Task PauseAsync() => StopAllAsync();

    /// <summary>Continues after <see cref="PauseAsync"/>.</summary>
    public async Task ResumeAsync() => await SignalAsync("CONT", await ProcessesAsync());

    /// <summary>Ends it and starts it again.</summary>
    public async Task RestartAsync()
    {
        await KillAsync();
        await RunAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            await KillAsync();
        }

        folder.Dispose();
    }

    private static string? Binaries =>
        new[] { "/usr/lib/postgresql" }
            .Where(Directory.Exists)
            .SelectMany(Directory.EnumerateDirectories)
            .Select(version => Path.Combine(version, "bin"))
            .OrderDescending()
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
            .FirstOrDefault(directory =>
                File.Exists(Path.Combine(directory, "postgres"))
                && File.Exists(Path.Combine(directory, "initdb"))
            );

    private static void MustBeInstalled()
    {
        if (Binaries is not null)
        {
            return;
        }

        const string reason =
            "There is no PostgreSQL server, neither on the PATH nor in /usr/lib/postgresql.";
        if (Environment.GetEnvironmentVariable(RequiredVariable) is { Length: > 0 })
        {
            Assert.Fail(reason);
        }

        Assert.Ignore(reason);
    }

    private static async Task<PostgresServer> StartLockedAsync(bool isDurable)
    {
        template ??= await CreateTemplateAsync();
        var server = new PostgresServer(isDurable);
        try
        {
            await RunProgramAsync("cp", ["-a", Path.Combine(template.Path, "data"), server.Data]);
            await GiveAsync(server.folder.Path);
            for (var attempt = 0; attempt < StartAttempts; attempt++)
            {
                server.Port = RedisServer.FreePort();
                if (await server.TryRunAsync())
                {
                    return server;
                }

                // Another process has taken the port meanwhile.
            }

            throw new InvalidOperationException($"postgres does not start: {server.ReadLog()}");
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    // Initialising the files takes a second or two, copying them almost no time.
    private static async Task<TemporaryFolder> CreateTemplateAsync()
    {
        var made = new TemporaryFolder();
        await GiveAsync(made.Path);
        var (program, arguments) = AsServer(
            "initdb",
            ["-D", Path.Combine(made.Path, "data"), "-U", Owner, "-A", "trust", "-E", "UTF8", "-N"]
        );
        await RunProgramAsync(program, [.. arguments, "--locale=C.UTF-8"]);
        return made;
    }

    // PostgreSQL does not run as root.
    private static (string Program, IEnumerable<string> Arguments) AsServer(
        string program,
        IEnumerable<string> arguments
    )
    {
        var path = Path.Combine(Binaries!, program);
        return Environment.IsPrivilegedProcess
            ? (
                "setpriv",
                ["--reuid=nobody", "--regid=nogroup", "--clear-groups", path, .. arguments]
            )
            : (path, arguments);
    }

    private static async Task GiveAsync(string path)
    {
        if (Environment.IsPrivilegedProcess)
        {
            await RunProgramAsync("chown", ["-R", "nobody:nogroup", path]);
        }
    }

    private async Task<bool> TryRunAsync()
    {
        var durability = isDurable ? "on" : "off";
        var (program, arguments) = AsServer(
            "postgres",
            [
                "-D",
                Data,
                "-p",
                $"{Port}",
                .. Settings(
                    $"listen_addresses={Host}",
                    $"unix_socket_directories={folder.Path}",
                    $"fsync={durability}",
                    $"full_page_writes={durability}",
                    "max_connections=300",
                    "shared_buffers=32MB",
                    "logging_collector=off"
                ),
            ]
        );
        process = Process.Start(
            new ProcessStartInfo(program, arguments)
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
                WorkingDirectory = "/",
            }
        )!;
        process.ErrorDataReceived += (_, line) => log.Enqueue(line.Data);
        process.OutputDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var clock = Stopwatch.StartNew();
        while (!process.HasExited && clock.Elapsed < Patience)
        {
            if (await IsReadyAsync())
            {
                return true;
            }

            await Task.Delay(20);
        }

        return false;
    }

    // The server that replies may be another one, which took the port first.
    private async Task<bool> IsReadyAsync()
    {
        try
        {
            return await ExecuteAsync(Owner, "SHOW data_directory") == Data;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static IEnumerable<string> Settings(params IEnumerable<string> settings) =>
        settings.SelectMany(setting => new[] { "-c", setting });

    private Task<string> PsqlAsync(string database, IEnumerable<string> arguments) =>
        RunProgramAsync(
            Path.Combine(Binaries!, "psql"),
            [
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                Host,
                "-p",
                $"{Port}",
                "-U",
                Owner,
                "-d",
                database,
                .. arguments,
            ]
        );

    private async Task<IReadOnlyList<int>> ProcessesAsync()
    {
        var children = await File.ReadAllTextAsync(
            $"/proc/{process!.Id}/task/{process.Id}/children"
        );
        return
        [
            process.Id,
            .. children
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(id => int.Parse(id, CultureInfo.InvariantCulture)),
        ];
    }

    private async Task<IReadOnlyList<int>> StopAllAsync()
    {
        // Once the first process is stopped, it creates no more.
        await SignalAsync("STOP", [process!.Id]);
        var all = await ProcessesAsync();
        await SignalAsync("STOP", all);
        return all;
    }

    private static bool IsThere(int id) => Directory.Exists($"/proc/{id}");

    private static async Task SignalAsync(string signal, IEnumerable<int> processes)
    {
        using var kill = Process.Start("kill", [$"-{signal}", .. processes.Select(id => $"{id}")]);
        await kill.WaitForExitAsync();
    }

    private string ReadLog() => string.Join('\n', log);

    /// <exception cref="InvalidOperationException">It failed.</exception>
    private static async Task<string> RunProgramAsync(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        using var run = Process.Start(start)!;
        var errors = run.StandardError.ReadToEndAsync();
        var output = await run.StandardOutput.ReadToEndAsync();
        await run.WaitForExitAsync();
        return run.ExitCode == 0
            ? output.TrimEnd()
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', start.ArgumentList)}: {output}{await errors}"
            );
    }
}
