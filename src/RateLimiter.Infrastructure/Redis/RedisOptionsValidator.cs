using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

/// <summary>
/// Says which option is wrong without repeating a connection string, which may hold a password. What is not used is not
/// judged: Kubernetes sets <c>REDIS_PORT</c> beside every Service named redis.
/// </summary>
public sealed class RedisOptionsValidator : IValidateOptions<RedisOptions>
{
    private const string ConnectionString = "Redis:ConnectionString";

    // What the service sends itself.
    private static readonly string[] Sent =
    [
        "EVAL",
        "EVALSHA",
        "EXISTS",
        "HGET",
        "HGETALL",
        "HMGET",
        "HVALS",
        "LRANGE",
        "PFCOUNT",
        "PUBLISH",
        "SCAN",
        "SET",
        "SUBSCRIBE",
        "UNLINK",
    ];

    public ValidateOptionsResult Validate(string? name, RedisOptions options) =>
        Fault(options) is { } fault
            ? ValidateOptionsResult.Fail(fault)
            : ValidateOptionsResult.Success;

    private static string? Fault(RedisOptions options) =>
        !options.IsConfigured ? null
        : options.HasConnectionString ? FaultOfConnectionString(options)
        : FaultOfHost(options);

    private static string? FaultOfHost(RedisOptions options) =>
        !IsHost(options.Host!)
            ? $"{RedisOptions.HostVariable} must be a host name or an address, and nothing else."
        : !int.TryParse(options.Port, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
        || port is < IPEndPoint.MinPort + 1 or > IPEndPoint.MaxPort
            ? $"{RedisOptions.PortVariable} must be a port from 1 to 65535, not '{options.Port}'."
        : null;

    private static string? FaultOfConnectionString(RedisOptions options)
    {
        try
        {
            var given = options.ToConfiguration();
            return given.EndPoints.Count == 0 ? $"{ConnectionString} names no server."
                : given.EndPoints.OfType<DnsEndPoint>().Any(server => !IsHost(server.Host))
                    ? $"{ConnectionString} names a server that is no HOST:PORT."
                // The scripts publish what changes, and know of no prefix: nothing that they tell would be heard.
                : !given.ChannelPrefix.IsNullOrEmpty
                    ? $"{ConnectionString} has channelPrefix, with which the service cannot work."
                : given.ServiceName is "" ? $"{ConnectionString} has serviceName without a name."
                : Missing(given) is not { } command ? null
                : given.Proxy != Proxy.None
                    ? $"{ConnectionString} has proxy={given.Proxy}, which does not know {command}: the service cannot work without it."
                : $"{ConnectionString} has ${command}=, and the service cannot work without {command}.";
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            return $"{ConnectionString} is not a valid StackExchange.Redis connection string.";
        }
    }

    // A map says of itself what differs from the usual: $COMMAND=NAME, and no name where it is not to be sent.
    private static string? Missing(ConfigurationOptions given)
    {
        var changed = given.CommandMap.ToString().Split(',');
        string[] sent = given.DefaultDatabase > 0 ? [.. Sent, "SELECT"] : Sent;
        return Array.Find(sent, command => changed.Contains($"${command}="));
    }

    private static bool IsHost(string text) => Uri.CheckHostName(text) != UriHostNameType.Unknown;
}
