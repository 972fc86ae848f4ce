using Microsoft.Extensions.Options;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Telemetry;

/// <summary>The <see href="docs/telemetry.md">metrics</see> of the service, and who may read them.</summary>
public sealed class MetricsOptions
{
    public const string Section = "Metrics";

    /// <summary>Whether metrics are recorded, for <c>/metrics</c> and for a collector.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// Whether requests, by operation, and connections are measured too, which costs some microseconds each.
    /// </summary>
    public bool Http { get; set; }

    /// <summary>
    /// The token that a reader of <c>/metrics</c> must send (<c>Authorization: Bearer …</c>), 16 or more ASCII characters
    /// without spaces; without one anyone may read them. A secret.
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
