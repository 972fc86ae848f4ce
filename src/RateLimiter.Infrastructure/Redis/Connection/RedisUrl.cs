using System.Globalization;
using System.Text.RegularExpressions;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// A connection string that begins with a Redis URL as other tools use it:
/// <c>redis://[USER]:PASSWORD@HOST[:PORT][/DATABASE]</c>, or <c>rediss://</c> for TLS. More servers and options of
/// StackExchange.Redis may follow, each after a comma.
/// </summary>
internal static partial class RedisUrl
{
    /// <summary>Whether it is meant as a URL.</summary>
    public static bool IsUrl(string connectionString) => Beginning.IsMatch(connectionString);

    /// <summary>What follows the URL, in the syntax of StackExchange.Redis.</summary>
    public static string Rest(string connectionString) =>
        Match(connectionString).Groups["rest"].Value;

    /// <summary>Parses a connection string of this form.</summary>
    /// <exception cref="FormatException">It is not of this form.</exception>
    /// <exception cref="ArgumentException">What follows the URL is invalid.</exception>
    public static ConfigurationOptions Parse(string connectionString)
    {
        var url = Match(connectionString);
        var port = url.Groups["port"] is { Success: true } given
            ? given.Value
            : $"{RedisOptions.DefaultPort}";
        var options = ConfigurationOptions.Parse(
            $"{url.Groups["host"]}:{port}{url.Groups["rest"]}"
        );
        if (url.Groups["scheme"].Length == "rediss".Length)
        {
            options.Ssl = true;
        }

        if (url.Groups["user"].Value is { Length: > 0 } user)
        {
            options.User = Uri.UnescapeDataString(user);
        }

        if (url.Groups["password"] is { Success: true } password)
        {
            options.Password = Uri.UnescapeDataString(password.Value);
        }

        if (url.Groups["database"].Value is { Length: > 0 } database)
        {
            options.DefaultDatabase = int.TryParse(
                database,
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var number
            )
                ? number
                : throw new FormatException("Its database is no number.");
        }

        return options;
    }

    private static Match Match(string connectionString) =>
        Pattern.Match(connectionString) is { Success: true } url
            ? url
            : throw new FormatException("It is no URL of a Redis.");

    [GeneratedRegex(@"^\s*rediss?://", RegexOptions.IgnoreCase)]
    private static partial Regex Beginning { get; }

    // A single value before the @ is a password, as for redis-cli. It may contain commas.
    [GeneratedRegex(
        @"^\s*(?<scheme>rediss?)://((((?<user>[^:/?#@]*):)?(?<password>[^:/?#@]*))@)?"
            + @"(?<host>\[[0-9a-f:.]+\]|[^:/?#@,=\[\]\s]+)(:(?<port>\d+))?(/(?<database>\d*))?\s*(?<rest>,.*)?$",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.Singleline
    )]
    private static partial Regex Pattern { get; }
}
