using System.Diagnostics;

namespace RateLimiter.EndToEndTests.Gateway;

/// <summary>Caddy with a configuration of this repository.</summary>
public static class CaddyProxy
{
    /// <summary>Makes it a failure, not a skipped test, when there is no Caddy.</summary>
    public const string RequiredVariable = "RATELIMITER_REQUIRE_CADDY";

    /// <summary>Starts it with a configuration.</summary>
    /// <param name="file">The configuration, by its path from the root of the repository.</param>
    /// <param name="change">What to change in it.</param>
    /// <param name="variables">Its environment variables, apart from the listening address.</param>
    public static async Task<ProxyProcess> StartAsync(
        string file,
        Func<string, string> change,
        params (string Name, string Value)[] variables
    )
    {
        var executable = ProxyProcess.Find("caddy", RequiredVariable);
        var proxy = new ProxyProcess();
        var written = Path.Combine(proxy.Folder, "Caddyfile");
        var configuration = await File.ReadAllTextAsync(RepositoryFile.Of(file));
        await File.WriteAllTextAsync(written, change(configuration));
        var start = new ProcessStartInfo(
            executable,
            ["run", "--config", written, "--adapter", "caddyfile"]
        )
        {
            RedirectStandardError = true,
            Environment =
            {
                ["SITE"] = $"http://{proxy.Authority}",
                ["XDG_CONFIG_HOME"] = proxy.Folder,
                ["XDG_DATA_HOME"] = proxy.Folder,
            },
        };
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        await proxy.StartAsync(start);
        return proxy;
    }
}
