namespace RateLimiter.EndToEndTests.Gateway;

/// <summary>The gateways with their configurations in <c>samples</c>.</summary>
internal static class GatewaySample
{
    /// <summary>Enables fail open for an outage of the service: the lines for it are comments.</summary>
    public static readonly (string Old, string New) FailsOpen = ("#fail-open#", "");

    /// <summary>Starts a gateway with its sample, in which some texts are replaced.</summary>
    public static async Task<ProxyProcess> StartAsync(
        GatewayKind gateway,
        string serviceAuthority,
        string key,
        Backend backend,
        params (string Old, string New)[] changes
    )
    {
        var file =
            gateway == GatewayKind.Nginx ? "samples/nginx/nginx.conf" : "samples/caddy/Caddyfile";
        var sample = await File.ReadAllTextAsync(RepositoryFile.Of(file));
        (string Old, string New)[] applicable =
        [
            .. changes.Where(change => sample.Contains(change.Old, StringComparison.Ordinal)),
        ];
        Assert.That(applicable, Has.Length.EqualTo(changes.Length > 0 ? 1 : 0));
        if (gateway == GatewayKind.Nginx)
        {
            return await NginxProxy.StartAsync(
                file,
                [
                    ("listen 8080;", address => $"listen {address};"),
                    ("127.0.0.1:8000", _ => serviceAuthority),
                    ("127.0.0.1:9000", _ => backend.Authority),
                    ("${RATELIMITER_KEY};", _ => $"{key};"),
                    .. applicable.Select(change =>
                        (change.Old, (Func<string, string>)(_ => change.New))
                    ),
                ]
            );
        }

        return await CaddyProxy.StartAsync(
            file,
            configuration =>
                applicable.Aggregate(
                    configuration,
                    (text, change) => text.Replace(change.Old, change.New, StringComparison.Ordinal)
                ),
            ("RATELIMITER", serviceAuthority),
            ("RATELIMITER_KEY", key),
            ("BACKEND", backend.Authority)
        );
    }
}
