using Microsoft.Extensions.Options;
using OpenTelemetry.Resources;
using RateLimiter.Api.Hosting;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.Api.Telemetry;

/// <summary>
/// The standard variables of OpenTelemetry that decide whether anything is exported. Its own packages read all others.
/// </summary>
internal sealed class ExportOptions(IConfiguration configuration)
{
    private const string DefaultName = "ratelimiter";
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>The signals that can be exported.</summary>
    public enum Signal
    {
        Traces,
        Metrics,
        Logs,
    }

    /// <summary>Whether measuring, tracing and exporting are disabled.</summary>
    public bool IsDisabled =>
        string.Equals(
            configuration["OTEL_SDK_DISABLED"],
            "true",
            StringComparison.OrdinalIgnoreCase
        );

    /// <summary>
    /// Whether a collector is configured for the signal. The packages would otherwise connect to one on this machine,
    /// forever.
    /// </summary>
    public bool Exports(Signal signal) =>
        !IsDisabled
        && !string.Equals(
            configuration[$"OTEL_{Upper(signal)}_EXPORTER"],
            "none",
            StringComparison.OrdinalIgnoreCase
        )
        && (IsSet(Endpoint) || IsSet(EndpointOf(signal)));

    /// <summary>
    /// The variables that hold no valid address, of those that an export uses. The packages would fall back to the default
    /// address.
    /// </summary>
    public IEnumerable<string> InvalidEndpoints() =>
        Enum.GetValues<Signal>()
            .Where(Exports)
            .Select(signal => IsSet(EndpointOf(signal)) ? EndpointOf(signal) : Endpoint)
            .Distinct()
            .Where(name =>
                !(
                    Uri.TryCreate(configuration[name], UriKind.Absolute, out var address)
                    && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps)
                )
            );

    /// <summary>Makes the packages read the same variables.</summary>
    public void Configure(IServiceCollection services) => services.AddSingleton(configuration);

    /// <summary>Names the service, unless a variable does.</summary>
    public ResourceBuilder Name(ResourceBuilder resource) =>
        string.IsNullOrEmpty(configuration["OTEL_SERVICE_NAME"])
        && configuration["OTEL_RESOURCE_ATTRIBUTES"]
            ?.Contains("service.name=", StringComparison.Ordinal) != true
            ? resource.AddService(DefaultName, serviceVersion: ServiceVersion.Full)
            : resource;

    private static string EndpointOf(Signal signal) =>
        $"OTEL_EXPORTER_OTLP_{Upper(signal)}_ENDPOINT";

    private static string Upper(Signal signal) => signal.ToString().ToUpperInvariant();

    private bool IsSet(string name) => !string.IsNullOrWhiteSpace(configuration[name]);
}

internal sealed class ExportOptionsValidator(IConfiguration configuration)
    : IValidateOptions<MetricsOptions>
{
    // Omits the value, which may contain a password.
    public ValidateOptionsResult Validate(string? name, MetricsOptions options)
    {
        var invalid = new ExportOptions(configuration).InvalidEndpoints().ToList();
        return invalid.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                invalid.Select(variable =>
                    $"{variable} must be an address, such as http://collector:4317."
                )
            );
    }
}
