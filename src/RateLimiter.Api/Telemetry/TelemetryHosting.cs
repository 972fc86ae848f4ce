using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using RateLimiter.Application.Configuration;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.Api.Telemetry;

/// <summary>The telemetry of the service: at <c>/metrics</c>, and to a collector when one is configured.</summary>
internal static class TelemetryHosting
{
    /// <summary>How long a shutdown waits for a collector that does not answer.</summary>
    private const int LastExportMs = 1000;

    private const string Requests = "Microsoft.AspNetCore";

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var section = builder.Configuration.GetSection(MetricsOptions.Section);
        services.AddSingleton<IValidateOptions<MetricsOptions>, ExportOptionsValidator>();
        services.AddSingleton<ExportOptions>();

        var export = new ExportOptions(builder.Configuration);
        if (section.GetValue(nameof(MetricsOptions.Enabled), true) && !export.IsDisabled)
        {
            services.AddHosted<MetricsReader>();
        }

        if (export.Exports(ExportOptions.Signal.Traces))
        {
            // The framework adds attributes to the spans of requests only with this switch.
            AppContext.SetSwitch(
                "Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData",
                false
            );
            services.AddSingleton(_ => CreateTracer(export));
        }

        if (export.Exports(ExportOptions.Signal.Logs))
        {
            builder.Logging.AddOpenTelemetry(logs =>
                logs.SetResourceBuilder(export.Name(ResourceBuilder.CreateDefault()))
                    .AddOtlpExporter()
            );
        }
    }

    /// <summary>Before all middleware that handles requests.</summary>
    public static void UseTelemetry(this WebApplication app)
    {
        // It listens from its creation on.
        var tracer = app.Services.GetService<TracerProvider>();
        if (tracer is not null)
        {
            app.Use(RequestSpans.CompleteAsync);
        }

        var logger = app.Services.GetService<LoggerProvider>();
        var metrics = app.Services.GetService<MetricsReader>();
        // All in parallel, so that the shutdown waits only once for a collector that does not answer.
        app.Lifetime.ApplicationStopped.Register(() =>
            Parallel.Invoke(
                () => tracer?.Shutdown(LastExportMs),
                () => logger?.Shutdown(LastExportMs),
                () => metrics?.Shutdown(LastExportMs)
            )
        );
    }

    private static TracerProvider CreateTracer(ExportOptions export) =>
        Sdk.CreateTracerProviderBuilder()
            .ConfigureServices(export.Configure)
            .ConfigureResource(resource => export.Name(resource))
            .AddSource(Requests, Instrumentation.Name)
            .AddOtlpExporter()
            .Build();
}
