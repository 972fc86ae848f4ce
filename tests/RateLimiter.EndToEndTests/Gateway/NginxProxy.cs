using System.Diagnostics;

namespace RateLimiter.EndToEndTests.Gateway;

/// <summary>nginx with a configuration of this repository, in which a test replaces placeholders by real values.</summary>
public static class NginxProxy
{
    /// <summary>Makes it a failure, not a skipped test, when there is no nginx.</summary>
    public const string RequiredVariable = "RATELIMITER_REQUIRE_NGINX";

    /// <summary>Starts <c>deploy/nginx.conf</c> in front of a service.</summary>
    public static Task<ProxyProcess> StartAsync(Service service) =>
        StartAsync(
            "deploy/nginx.conf",
            ("listen 8000;", address => $"listen {address};"),
            ("ratelimiter-1:8000", _ => service.Address.Authority),
            ("ratelimiter-2:8000", _ => service.Address.Authority)
        );

    /// <summary>Starts it with a configuration.</summary>
    /// <param name="file">The configuration, by its path from the root of the repository.</param>
    /// <param name="replacements">The replacements in it, given the address where nginx is to listen.</param>
    public static async Task<ProxyProcess> StartAsync(
        string file,
        params (string Old, Func<string, string> New)[] replacements
    )
    {
        var executable = ProxyProcess.Find("nginx", RequiredVariable);
        var proxy = new ProxyProcess();
        var configuration = (await File.ReadAllTextAsync(RepositoryFile.Of(file))).Replace(
            "/tmp/",
            $"{proxy.Folder}/",
            StringComparison.Ordinal
        );
        foreach (var (old, replacement) in replacements)
        {
            Assert.That(configuration, Does.Contain(old));
            configuration = configuration.Replace(
                old,
                replacement(proxy.Authority),
                StringComparison.Ordinal
            );
        }

        var written = Path.Combine(proxy.Folder, "nginx.conf");
        await File.WriteAllTextAsync(written, configuration);
        await proxy.StartAsync(
            new ProcessStartInfo(
                executable,
                ["-c", written, "-p", proxy.Folder, "-g", "daemon off; master_process off;"]
            )
        );
        return proxy;
    }
}
