using System.Text.RegularExpressions;

namespace RateLimiter.Bench;

/// <summary>A fresh PostgreSQL on a Unix socket in a folder of its own.</summary>
internal sealed partial class PostgresServer
{
    // It refuses to run as root, so it runs as the user that Debian's package creates for it.
    private const string User = "postgres";

    private PostgresServer(string folder) => ConnectionString = $"Host={folder};Username={User}";

    /// <summary>In the syntax of Npgsql.</summary>
    public string ConnectionString { get; }

    public static async Task<PostgresServer> StartAsync()
    {
        var folder = new TemporaryFolder().Path;
        var data = Path.Combine(folder, "data");
        if (Environment.IsPrivilegedProcess)
        {
            await RunningProcess.RunAsync("chown", [User, folder]);
        }

        var (program, arguments) = Command(
            "initdb",
            "--no-sync",
            "--auth=trust",
            $"--username={User}",
            data
        );
        await RunningProcess.RunAsync(program, arguments, folder);

        (program, arguments) = Command(
            "postgres",
            "-D",
            data,
            "-k",
            folder,
            "-c",
            "listen_addresses="
        );
        var process = new RunningProcess(program, arguments, folder, readyLine: Ready);
        await process.WaitUntilReadyAsync();
        return new PostgresServer(folder);
    }

    /// <summary>Whether Debian's package is installed.</summary>
    public static bool IsInstalled => Find("postgres") is not null;

    private static (string Program, string[] Arguments) Command(
        string name,
        params string[] arguments
    )
    {
        var path = Find(name)!;
        return Environment.IsPrivilegedProcess
            ? ("setpriv", ["--reuid", User, "--regid", User, "--clear-groups", path, .. arguments])
            : (path, arguments);
    }

    // Debian does not put the programs of the server on the PATH: there is a folder of them for each version.
    private static string? Find(string name) =>
        Directory.Exists(Versions)
            ? Directory
                .GetDirectories(Versions)
                .Select(version => Path.Combine(version, "bin", name))
                .Where(File.Exists)
                .Order()
                .LastOrDefault()
            : null;

    private const string Versions = "/usr/lib/postgresql";

    [GeneratedRegex("database system is ready to accept connections")]
    private static partial Regex Ready { get; }
}
