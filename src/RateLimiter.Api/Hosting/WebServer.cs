using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Api.Hosting;

/// <summary>The addresses of the server, and the limits for one caller.</summary>
internal static class WebServer
{
    private const string DefaultUrl = "http://localhost:8000";
    private const string Endpoints = "Kestrel:Endpoints";

    /// <summary>The maximum body size of a request, in bytes.</summary>
    private const long MaxBodySize = 64 * 1024;

    public static void AddWebServer(this WebApplicationBuilder builder)
    {
        // Not in appsettings.json, which would override ASPNETCORE_URLS.
        string[] addresses =
        [
            WebHostDefaults.ServerUrlsKey,
            WebHostDefaults.HttpPortsKey,
            WebHostDefaults.HttpsPortsKey,
        ];
        if (
            addresses.All(key => string.IsNullOrEmpty(builder.WebHost.GetSetting(key)))
            && !builder.Configuration.GetSection(Endpoints).Exists()
        )
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }

        builder.Services.AddServerOptions(builder.Configuration);
        builder.Services.AddTls(builder.Configuration);
        builder
            .Services.AddOptions<KestrelServerOptions>()
            .Configure<IOptions<ServerOptions>>(
                (kestrel, options) =>
                {
                    kestrel.AddServerHeader = false;
                    kestrel.Limits.MaxRequestBodySize = MaxBodySize;
                    Limit(kestrel.Limits, options.Value);
                    kestrel.ConfigureEndpointDefaults(endpoint =>
                    {
                        if (
                            endpoint.IPEndPoint?.Port is > 0 and var port
                            && port == options.Value.H2cPort
                        )
                        {
                            endpoint.Protocols = HttpProtocols.Http2;
                        }
                    });
                }
            );
    }

    /// <summary>Whether the server listens at an address with TLS.</summary>
    public static bool ServesHttps(this IConfiguration configuration)
    {
        // They override all other addresses.
        var endpoints = configuration.GetSection(Endpoints);
        return endpoints.Exists()
            ? endpoints.GetChildren().Any(endpoint => IsHttps(endpoint["Url"]))
            : !string.IsNullOrEmpty(configuration[WebHostDefaults.HttpsPortsKey])
                || configuration[WebHostDefaults.ServerUrlsKey]?.Split(';').Any(IsHttps) == true;
    }

    /// <summary>Whether the server listens at a port without TLS.</summary>
    public static bool ListensAt(this IConfiguration configuration, int port)
    {
        var endpoints = configuration.GetSection(Endpoints);
        var addresses = endpoints.Exists()
            ? endpoints.GetChildren().Select(endpoint => endpoint["Url"])
            :
            [
                .. configuration[WebHostDefaults.ServerUrlsKey]?.Split(';') ?? [],
                .. configuration[WebHostDefaults.HttpPortsKey]
                    ?.Split(';')
                    .Select(it => $"http://*:{it}")
                    ?? [],
            ];
        return addresses.Any(address =>
            !string.IsNullOrWhiteSpace(address)
            && !IsHttps(address)
            && BindingAddress.Parse(address.Trim()).Port == port
        );
    }

    /// <summary>Whether Kestrel's own options name a certificate.</summary>
    public static bool HasKestrelCertificate(this IConfiguration configuration) =>
        configuration
            .GetSection("Kestrel")
            .AsEnumerable()
            .Any(option => option.Key.Contains(":Certificate", StringComparison.OrdinalIgnoreCase));

    private static bool IsHttps(string? address) =>
        address?.TrimStart().StartsWith("https:", StringComparison.OrdinalIgnoreCase) == true;

    private static void Limit(KestrelServerLimits limits, ServerOptions options)
    {
        var rate = new MinDataRate(
            options.MinBytesPerSecond,
            TimeSpan.FromSeconds(options.SlowSeconds)
        );
        limits.MaxConcurrentConnections = options.MaxConnections;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(options.HeadersTimeoutSeconds);
        limits.KeepAliveTimeout = TimeSpan.FromSeconds(options.KeepAliveSeconds);
        limits.MaxRequestHeadersTotalSize = options.MaxHeaderBytes;
        limits.MaxRequestHeaderCount = options.MaxHeaders;
        limits.MinRequestBodyDataRate = rate;
        limits.MinResponseDataRate = rate;
    }

    private static void AddServerOptions(
        this IServiceCollection services,
        ConfigurationManager configuration
    ) =>
        services
            .AddBoundOptions<ServerOptions>(ServerOptions.Section)
            .Validate(
                options => options.H2cPort == 0 || configuration.ListensAt(options.H2cPort),
                "Server:H2cPort must be the port of an http address (ASPNETCORE_URLS)."
            );
}
