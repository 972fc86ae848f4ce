using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// Reports which option is wrong without repeating a connection string, which may contain a password. Unused settings
/// are not validated: Kubernetes sets <c>REDIS_PORT</c> beside every Service named redis.
/// </summary>
public sealed class RedisOptionsValidator : IValidateOptions<RedisOptions>
{
    private const string ConnectionString = "Redis:ConnectionString";

    // The commands that the service sends, itself or in its scripts.
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
        FindError(options) is { } error
            ? ValidateOptionsResult.Fail(error)
            : ValidateOptionsResult.Success;

    private static string? FindError(RedisOptions options) =>
        !options.IsConfigured ? null
        : options.HasConnectionString ? ConnectionStringError(options)
        : HostError(options);

    private static string? HostError(RedisOptions options) =>
        !IsHost(options.Host!)
            ? $"{RedisOptions.HostVariable} must be a host name or an address, and nothing else."
        : !int.TryParse(options.Port, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
        || port is < IPEndPoint.MinPort + 1 or > IPEndPoint.MaxPort
            ? $"{RedisOptions.PortVariable} must be a port from 1 to 65535, not '{options.Port}'."
        : null;

    private static string? ConnectionStringError(RedisOptions options)
    {
        try
        {
            var given = options.ToConfiguration();
            return given.EndPoints.Count == 0 ? $"{ConnectionString} names no server."
                : given.EndPoints.OfType<DnsEndPoint>().Any(server => !IsHost(server.Host))
                    ? $"{ConnectionString} names a server that is no HOST:PORT."
                : HasServerAfterOption(options.ConnectionString!)
                    ? $"{ConnectionString} has something behind an option that is no option. A password with a comma needs "
                        + "the form redis://USER:PASSWORD@HOST, with %2C for the comma."
                : given.DefaultDatabase < 0
                    ? $"{ConnectionString} has defaultDatabase={given.DefaultDatabase}, and databases are numbered from 0."
                : given.ServiceName is "" ? $"{ConnectionString} has serviceName without a name."
                : Missing(given) is not { } command ? null
                : given.Proxy != Proxy.None
                    ? $"{ConnectionString} has proxy={given.Proxy}, which does not know {command}: the service cannot work without it."
                : $"{ConnectionString} has ${command}=, and the service cannot work without {command}.";
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            return RedisUrl.IsUrl(options.ConnectionString!)
                ? $"{ConnectionString} is not a URL of the form redis://USER:PASSWORD@HOST:PORT/DATABASE, with special "
                    + "characters as %XX, and StackExchange.Redis options after commas."
                : $"{ConnectionString} is not a valid StackExchange.Redis connection string.";
        }
    }

    // The host is the rest of a password rather than a server; it would be looked up and logged.
    private static bool HasServerAfterOption(string connectionString) =>
        (RedisUrl.IsUrl(connectionString) ? RedisUrl.Rest(connectionString) : connectionString)
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .SkipWhile(IsServer)
            .Any(IsServer);

    private static bool IsServer(string part) => !part.Contains('=', StringComparison.Ordinal);

    // Only differences from the default map are listed: $COMMAND=NAME, without a name where the command is disabled.
    private static string? Missing(ConfigurationOptions given)
    {
        var changed = given.CommandMap.ToString().Split(',');
        string[] sent = given.DefaultDatabase > 0 ? [.. Sent, "SELECT"] : Sent;
        return Array.Find(sent, command => changed.Contains($"${command}="));
    }

    private static bool IsHost(string text) => Uri.CheckHostName(text) != UriHostNameType.Unknown;
}
