using System.Globalization;
using System.Net;
using Microsoft.Extensions.Configuration;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>The Redis to use. Without one, the embedded store is used.</summary>
public sealed class RedisOptions
{
    public const string Section = "Redis";
    public const string HostVariable = "REDIS_HOST";
    public const string PortVariable = "REDIS_PORT";
    public const int DefaultPort = 6379;

    /// <summary>
    /// A <see href="docs/redis.md#connection-strings">URL</see> (<c>redis://:PASSWORD@host:6379/0</c>, <c>rediss://…</c>) or
    /// <see href="https://stackexchange.github.io/StackExchange.Redis/Configuration">StackExchange.Redis syntax</see>, with
    /// password, TLS, cluster (<c>host1:7000,host2:7000</c>) or sentinels
    /// (<c>host1:26379,host2:26379,serviceName=mymaster</c>). Wins over <c>REDIS_HOST</c>. May hold a secret.
    /// </summary>
    public string? ConnectionString { get; set; }

    /// <summary>
    /// <c>true</c> or <c>false</c> where <see href="docs/redis.md#connection-strings">sentinels</see> use other TLS than the
    /// servers that they watch; else as these. The user and password of sentinels are <c>sentinelUser</c> and
    /// <c>sentinelPassword</c> in the connection string.
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
