using System.Text.RegularExpressions;

namespace RateLimiter.Bench;

/// <summary>The programs that the bench uses and does not bring along.</summary>
internal static partial class Tools
{
    private static readonly Tool[] Ours =
    [
        new("redis-server", "redis-server"),
        new("redis-cli", "redis-tools"),
        new("wrk", "wrk"),
    ];

    private static readonly Tool[] Peers =
    [
        new("nginx", "nginx"),
        new("/usr/lib/nginx/modules/ngx_http_lua_module.so", "libnginx-mod-http-lua"),
        new("/usr/share/lua/5.1/nginx/redis.lua", "lua-nginx-redis"),
        new("/usr/lib/*/lua/5.1/cjson.so", "lua-cjson"),
        new("node", "nodejs (20 or later)"),
        new("npm", "npm"),
    ];

    /// <exception cref="BenchException">One is missing.</exception>
    public static void ThrowIfMissing(bool withoutPeers)
    {
        var missing = (withoutPeers ? Ours : [.. Ours, .. Peers])
            .Where(tool => !tool.IsThere)
            .Select(tool => tool.Package)
            .ToList();
        if (missing.Count > 0)
        {
            throw new BenchException(
                $"Missing, as Debian calls them: {string.Join(", ", missing)} (apt-get install; stop the services that it starts)."
            );
        }
    }

    /// <summary>The versions of all of them, in words.</summary>
    public static async Task<string> DescribeAsync(
        bool withoutPeers,
        CancellationToken cancellationToken
    )
    {
        List<string> versions =
        [
            $".NET {Environment.Version}",
            $"Redis {await VersionAsync("redis-server", "--version")}",
            // It tells its version only together with a failure.
            $"wrk {Number.Match(await WrkAsync())}",
        ];
        if (!withoutPeers)
        {
            versions.Add($"nginx {await VersionAsync("nginx", "-v")}");
            versions.Add($"Node {await VersionAsync("node", "--version")}");
        }

        return string.Join(", ", versions);

        async Task<string> VersionAsync(string program, string argument) =>
            Number.Match(await Command.RunAsync(program, [argument], cancellationToken)).Value;

        async Task<string> WrkAsync()
        {
            try
            {
                return await Command.RunAsync("wrk", ["-v"], cancellationToken);
            }
            catch (BenchException exception)
            {
                return exception.Message;
            }
        }
    }

    [GeneratedRegex(@"\d+\.\d+\.\d+")]
    private static partial Regex Number { get; }

    private sealed record Tool(string Program, string Package)
    {
        public bool IsThere =>
            Path.IsPathRooted(Program)
                ? Matches()
                : Environment
                    .GetEnvironmentVariable("PATH")!
                    .Split(Path.PathSeparator)
                    .Any(folder => File.Exists(Path.Combine(folder, Program)));

        // The folder of a library is named after the machine's architecture.
        private bool Matches()
        {
            var parts = Program.Split("/*/");
            return parts is [var root, var rest]
                ? Directory
                    .EnumerateDirectories(root)
                    .Any(folder => File.Exists(Path.Combine(folder, rest)))
                : File.Exists(Program);
        }
    }
}
