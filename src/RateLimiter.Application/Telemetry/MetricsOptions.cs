using Microsoft.Extensions.Options;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Telemetry;

/// <summary>The metrics of the service, and who may read them.</summary>
public sealed class MetricsOptions
{
    public const string Section = "Metrics";

    /// <summary>Whether metrics are recorded, for <c>/metrics</c> and for a collector. Default: true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// Whether HTTP requests are also counted and measured by operation, which costs some microseconds each. Default: false.
    /// </summary>
    public bool Http { get; set; }

    /// <summary>
    /// The token that a reader of <c>/metrics</c> must send: 16 or more visible ASCII characters. A secret. Default: none.
    /// </summary>
    public string? Token { get; set; }
}

internal sealed class MetricsOptionsValidator : IValidateOptions<MetricsOptions>
{
    // The message does not show the token.
    public ValidateOptionsResult Validate(string? name, MetricsOptions options) =>
        !options.Enabled
        || string.IsNullOrEmpty(options.Token)
        || ConfiguredToken.IsOne(options.Token)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"Metrics:Token {ConfiguredToken.Rule}.");
}
