using System.Globalization;
using YamlDotNet.Core;

namespace RateLimiter.Api.Http.Yaml;

/// <summary>An error in a YAML text, in terms of the API.</summary>
internal sealed class YamlTextException(string message) : Exception(message)
{
    public YamlTextException(Mark where, string what)
        : this(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{what} (line {where.Line}, column {where.Column})"
            )
        ) { }
}
