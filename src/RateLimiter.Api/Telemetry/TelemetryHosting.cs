using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.Api.Telemetry;

/// <summary>What the service tells of itself: at <c>/metrics</c>, and to a collector when one is named.</summary>
internal static class TelemetryHosting
{
    private const string Path = "/metrics";

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services
            .AddOptions<MetricsOptions>()
            .Bind(builder.Configuration.GetSection(MetricsOptions.Section))
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<MetricsOptions>, MetricsOptionsValidator>();
        services
            .AddOpenTelemetry()
            .WithMetrics(metrics =>
                metrics.AddMeter(Signals.Name, "System.Runtime").AddPrometheusExporter()
            );
    }

    public static void MapMetrics(this WebApplication app)
    {
        app.MapPrometheusScrapingEndpoint(Path);
    }
}
