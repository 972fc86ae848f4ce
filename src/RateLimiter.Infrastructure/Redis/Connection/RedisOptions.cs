using System.Globalization;
using System.Net;
using Microsoft.Extensions.Configuration;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>Which Redis to use. Without one, the embedded store is used.</summary>
public sealed class RedisOptions
{
    public const string Section = "Redis";
    public const string HostVariable = "REDIS_HOST";
    public const string PortVariable = "REDIS_PORT";
    public const int DefaultPort = 6379;

    /// <summary>
    /// A URL (<see cref="RedisUrl"/>), or in the syntax of StackExchange.Redis. Wins over <see cref="Host"/>.
    /// </summary>
    public string? ConnectionString { get; set; }

    /// <summary>
    /// Whether sentinels are asked over TLS; default: like the servers that they watch. Their user and password are
    /// <c>sentinelUser</c> and <c>sentinelPassword</c> in the connection string.
    /// </summary>
    public bool? SentinelTls { get; set; }

    /// <summary>Host name or address; from <c>REDIS_HOST</c>.</summary>
    internal string? Host { get; private set; }

    /// <summary>
    /// 1 to 65535; from <c>REDIS_PORT</c>, also as Kubernetes writes it beside a Service named redis
    /// (<c>tcp://10.0.0.1:6379</c>). Default 6379.
    /// </summary>
    internal string Port { get; private set; } = DefaultPort.ToString(CultureInfo.InvariantCulture);

    internal bool HasConnectionString => !string.IsNullOrEmpty(ConnectionString);

    internal bool IsConfigured => HasConnectionString || !string.IsNullOrEmpty(Host);

    /// <summary>Reads all settings, valid or not.</summary>
    internal static RedisOptions Read(IConfiguration configuration)
    {
        var options = new RedisOptions
        {
            ConnectionString = configuration[$"{Section}:{nameof(ConnectionString)}"],
        };
        options.ReadSeedVariables(configuration);
        return options;
    }

    internal void ReadSeedVariables(IConfiguration configuration)
    {
        Host = configuration[HostVariable];
        if (configuration[PortVariable] is { Length: > 0 } port)
        {
            Port = PortOfServiceLink(port) ?? port;
        }
    }

    internal ConfigurationOptions ToConfiguration()
    {
        if (HasConnectionString)
        {
            var named = RedisUrl.IsUrl(ConnectionString!)
                ? RedisUrl.Parse(ConnectionString!)
                : ConfigurationOptions.Parse(ConnectionString!);
            // Scripts publish their changes, and know of no prefix: the client must subscribe to the channel that they
            // publish to.
            named.ChannelPrefix = default;
            return named;
        }

        var configuration = new ConfigurationOptions();
        configuration.EndPoints.Add(Host!, int.Parse(Port, CultureInfo.InvariantCulture));
        return configuration;
    }

    /// <summary>Names the servers, without secrets.</summary>
    internal string Describe() =>
        $"Redis at {string.Join(", ", ToConfiguration().EndPoints.Select(Name))}";

    // Port 0 stands for the default port.
    private static string Name(EndPoint endpoint) =>
        endpoint switch
        {
            DnsEndPoint { Port: 0 } dns => dns.Host,
            DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
            IPEndPoint { Port: 0 } ip => $"{ip.Address}",
            _ => $"{endpoint}",
        };

    private static string? PortOfServiceLink(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var link) && link is { Scheme: "tcp", Port: > 0 }
            ? link.Port.ToString(CultureInfo.InvariantCulture)
            : null;
}
