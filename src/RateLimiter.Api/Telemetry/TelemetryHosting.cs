using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.Api.Telemetry;

/// <summary>What the service tells of itself: at <c>/metrics</c>, and to a collector when one is named.</summary>
internal static class TelemetryHosting
{
    /// <summary>How long the end of the service waits for a collector that does not answer.</summary>
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
            services.AddSingleton<MetricsReader>();
            services.AddHostedService(provider => provider.GetRequiredService<MetricsReader>());
        }

        if (export.Exports(ExportOptions.Signal.Traces))
        {
            // The framework gives spans of requests their attributes only when it is told to.
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

    /// <summary>Before all that answers requests.</summary>
    public static void UseTelemetry(this WebApplication app)
    {
        // It listens from when it is made.
        var tracer = app.Services.GetService<TracerProvider>();
        if (tracer is not null)
        {
            app.Use(RequestSpans.CompleteAsync);
        }

        var logger = app.Services.GetService<LoggerProvider>();
        var metrics = app.Services.GetService<MetricsReader>();
        // All at once, so that a collector that does not answer is waited for once.
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
