using Microsoft.Extensions.Options;
using OpenTelemetry.Resources;
using RateLimiter.Api.Hosting;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.Api.Telemetry;

/// <summary>
/// What of the standard variables of OpenTelemetry decides whether anything is exported. All others are read by its own
/// packages.
/// </summary>
internal sealed class ExportOptions(IConfiguration configuration)
{
    private const string DefaultName = "ratelimiter";
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>What can be exported.</summary>
    public enum Signal
    {
        Traces,
        Metrics,
        Logs,
    }

    /// <summary>Whether nothing is to be measured, traced or exported.</summary>
    public bool IsDisabled =>
        string.Equals(
            configuration["OTEL_SDK_DISABLED"],
            "true",
            StringComparison.OrdinalIgnoreCase
        );

    /// <summary>
    /// Whether a collector is named for it. The packages would else look for one on this machine, for ever.
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
    /// The variables that name no address, of those that something is exported by. The packages would go on to the default
    /// one.
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

    /// <summary>Lets the packages read the same variables.</summary>
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
    // Without the value, in which there may be a password.
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
