using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis;

/// <summary>Which Redis to use. With none named, the embedded store is used.</summary>
public sealed class RedisOptions
{
    public const string Section = "Redis";
    public const string HostVariable = "REDIS_HOST";
    public const string PortVariable = "REDIS_PORT";
    public const int DefaultPort = 6379;

    /// <summary>In the syntax of StackExchange.Redis. Wins over <see cref="Host"/>.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Host name or address; from <c>REDIS_HOST</c>.</summary>
    internal string? Host { get; private set; }

    /// <summary>1 to 65535; from <c>REDIS_PORT</c>. Default 6379.</summary>
    internal string Port { get; private set; } = DefaultPort.ToString(CultureInfo.InvariantCulture);

    internal bool IsConfigured =>
        !string.IsNullOrEmpty(ConnectionString) || !string.IsNullOrEmpty(Host);

    internal void ReadSeedVariables(IConfiguration configuration)
    {
        Host = configuration[HostVariable];
        Port = configuration[PortVariable] is { Length: > 0 } port ? port : Port;
    }

    internal ConfigurationOptions ToConfiguration()
    {
        if (!string.IsNullOrEmpty(ConnectionString))
        {
            return ConfigurationOptions.Parse(ConnectionString);
        }

        var configuration = new ConfigurationOptions();
        configuration.EndPoints.Add(Host!, int.Parse(Port, CultureInfo.InvariantCulture));
        return configuration;
    }
}

/// <summary>Says which option is wrong without repeating a connection string, which may hold a password.</summary>
public sealed class RedisOptionsValidator : IValidateOptions<RedisOptions>
{
    public ValidateOptionsResult Validate(string? name, RedisOptions options)
    {
        if (
            !int.TryParse(
                options.Port,
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var port
            ) || port is < 1 or > 65535
        )
        {
            return ValidateOptionsResult.Fail(
                $"{RedisOptions.PortVariable} must be a port from 1 to 65535, not '{options.Port}'."
            );
        }

        try
        {
            if (options.IsConfigured && options.ToConfiguration().EndPoints.Count == 0)
            {
                return ValidateOptionsResult.Fail("Redis:ConnectionString names no server.");
            }

            return ValidateOptionsResult.Success;
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            return ValidateOptionsResult.Fail(
                "Redis:ConnectionString is not a valid StackExchange.Redis connection string."
            );
        }
    }
}
