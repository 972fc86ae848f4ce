using System.Text.RegularExpressions;

namespace RateLimiter.Bench;

/// <summary>The programs that the bench needs and does not include.</summary>
internal static partial class Tools
{
    private static readonly (string File, string Package)[] Always =
    [
        ("redis-server", "redis-server"),
        ("redis-cli", "redis-tools"),
        ("wrk", "wrk"),
    ];

    private static readonly (string File, string Package)[] OfPeers =
    [
        ("nginx", "nginx"),
        ("/usr/lib/nginx/modules/ngx_http_lua_module.so", "libnginx-mod-http-lua"),
        ("/usr/share/lua/5.1/nginx/redis.lua", "lua-nginx-redis"),
        ("/usr/share/lua/5.1/cjson", "lua-cjson"),
        ("node", "nodejs (20 or later)"),
        ("npm", "npm"),
    ];

    /// <exception cref="BenchException">One is missing.</exception>
    public static void ThrowIfMissing(bool withoutPeers)
    {
        var missing = (withoutPeers ? Always : [.. Always, .. OfPeers])
            .Where(tool => !IsThere(tool.File))
            .Select(tool => tool.Package)
            .ToList();
        if (!withoutPeers && !PostgresServer.IsInstalled)
        {
            missing.Add("postgresql");
        }

        if (missing.Count > 0)
        {
            throw new BenchException(
                $"Missing, as Debian's packages are called: {string.Join(", ", missing)}. The services that come with them need not run."
            );
        }
    }

    /// <summary>The versions of all of them, as text.</summary>
    public static async Task<string> DescribeAsync(bool withoutPeers)
    {
        var versions =
            $".NET {Environment.Version}, Redis {await VersionAsync("redis-server --version")}, wrk {await VersionAsync("wrk -v")}";
        return withoutPeers
            ? versions
            : $"{versions}, nginx {await VersionAsync("nginx -v")}, Node {await VersionAsync("node --version")}";
    }

    // A path, or a program on the PATH.
    private static bool IsThere(string file) =>
        Environment
            .GetEnvironmentVariable("PATH")!
            .Split(Path.PathSeparator)
            .Any(folder => Path.Exists(Path.Combine(folder, file)));

    // One of them prints its version only with a non-zero exit code.
    private static async Task<string> VersionAsync(string command) =>
        Number.Match(await RunningProcess.RunAsync("sh", ["-c", $"{command} 2>&1; true"])).Value;

    [GeneratedRegex(@"\d+\.\d+\.\d+")]
    private static partial Regex Number { get; }
}
