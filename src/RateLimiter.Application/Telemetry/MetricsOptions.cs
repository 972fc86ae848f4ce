using Microsoft.Extensions.Options;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Telemetry;

/// <summary>What the service counts of itself, and who may read it.</summary>
public sealed class MetricsOptions
{
    public const string Section = "Metrics";

    /// <summary>Whether anything is counted, at <c>/metrics</c> and for a collector. Default: true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// Whether requests are counted too, and how long they took, by operation: at the cost of some microseconds each. Default:
    /// false.
    /// </summary>
    public bool Http { get; set; }

    /// <summary>
    /// What who reads <c>/metrics</c> must know: 16 or more visible ASCII characters. A secret. Default: nothing.
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
