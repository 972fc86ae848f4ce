using System.Reflection;
using Microsoft.Extensions.Options;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.Api.Telemetry;

/// <summary>What the service tells of itself: at <c>/metrics</c>, and to a collector when one is named.</summary>
internal static class TelemetryHosting
{
    private const string DefaultName = "ratelimiter";
    private const string Requests = "Microsoft.AspNetCore";

    private static readonly string[] Always = [Signals.Name, "System.Runtime"];

    private static readonly string[] OfHttp =
    [
        "Microsoft.AspNetCore.Hosting",
        "Microsoft.AspNetCore.Server.Kestrel",
    ];

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var section = builder.Configuration.GetSection(MetricsOptions.Section);
        services.AddOptions<MetricsOptions>().Bind(section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<MetricsOptions>, MetricsOptionsValidator>();
        services.AddSingleton<IValidateOptions<MetricsOptions>, ExportOptionsValidator>();

        var export = new ExportOptions(builder.Configuration);
        var options = section.Get<MetricsOptions>() ?? new MetricsOptions();
        if (options.Enabled && !export.IsDisabled)
        {
            services
                .AddOpenTelemetry()
                .ConfigureResource(resource => Name(resource, export))
                .WithMetrics(metrics => AddMetrics(metrics, options, export));
        }

        if (export.Exports(ExportOptions.Signal.Traces))
        {
            // The framework says what the conventions want of a span of a request only when it is told to.
            AppContext.SetSwitch(
                "Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData",
                false
            );
            services
                .AddOpenTelemetry()
                .ConfigureResource(resource => Name(resource, export))
                .WithTracing(traces =>
                    traces
                        .AddSource(Requests, Signals.Name)
                        .AddProcessor(new CallersData())
                        .AddOtlpExporter()
                );
        }

        if (export.Exports(ExportOptions.Signal.Logs))
        {
            services
                .AddOpenTelemetry()
                .ConfigureResource(resource => Name(resource, export))
                .WithLogging(logs => logs.AddOtlpExporter());
        }
    }

    private static void AddMetrics(
        MeterProviderBuilder metrics,
        MetricsOptions options,
        ExportOptions export
    )
    {
        metrics.AddMeter(Always).AddPrometheusExporter();
        if (options.Http)
        {
            metrics.AddMeter(OfHttp);
        }

        if (export.Exports(ExportOptions.Signal.Metrics))
        {
            metrics.AddOtlpExporter();
        }
    }

    private static void Name(ResourceBuilder resource, ExportOptions export)
    {
        if (export.IsNameless)
        {
            resource.AddService(
                DefaultName,
                serviceVersion: typeof(TelemetryHosting)
                    .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
                    ?.InformationalVersion.Split('+')[0]
            );
        }
    }
}
