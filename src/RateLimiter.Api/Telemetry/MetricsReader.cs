using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using RateLimiter.Application.Background;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.Api.Telemetry;

/// <summary>
/// Listens to the meters. Building it costs a tenth of the CPU time of a start, so that it is built when the start is over,
/// or on the first request for metrics.
/// </summary>
internal sealed class MetricsReader : RepeatingService
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(1);

    private static readonly string[] Always = [Instrumentation.Name, "System.Runtime"];

    private static readonly string[] OfRequests =
    [
        "Microsoft.AspNetCore.Hosting",
        "Microsoft.AspNetCore.Server.Kestrel",
    ];

    private readonly Lazy<MeterProvider> provider;

    public MetricsReader(
        IOptions<MetricsOptions> options,
        ExportOptions export,
        TimeProvider time,
        ILogger<MetricsReader> logger
    )
        : base("The start of the metrics", Delay, time, logger)
    {
        provider = new Lazy<MeterProvider>(() => Build(options.Value, export));
    }

    public MeterProvider Provider => provider.Value;

    /// <summary>Exports what was measured since the last export to a collector.</summary>
    public void Shutdown(int timeoutMs)
    {
        if (provider.IsValueCreated)
        {
            provider.Value.Shutdown(timeoutMs);
        }
    }

    public override void Dispose()
    {
        if (provider.IsValueCreated)
        {
            provider.Value.Dispose();
        }

        base.Dispose();
    }

    protected override async ValueTask<bool> WaitAsync(CancellationToken stoppingToken) =>
        !provider.IsValueCreated && await base.WaitAsync(stoppingToken);

    protected override Task WorkAsync(CancellationToken stoppingToken)
    {
        _ = Provider;
        return Task.CompletedTask;
    }

    private static MeterProvider Build(MetricsOptions options, ExportOptions export)
    {
        var metrics = Sdk.CreateMeterProviderBuilder()
            .ConfigureServices(export.Configure)
            .ConfigureResource(resource => export.Name(resource))
            .AddMeter(Always)
            // In Prometheus, names that end in "_count" are those of histograms.
            .AddView("dotnet.assembly.count", "dotnet.assemblies")
            .AddView("dotnet.process.cpu.count", "dotnet.process.cpus")
            .AddView("dotnet.timer.count", "dotnet.timers")
            .AddPrometheusExporter(prometheus => prometheus.ScopeInfoEnabled = false);
        if (options.Http)
        {
            metrics.AddMeter(OfRequests);
        }

        if (export.Exports(ExportOptions.Signal.Metrics))
        {
            metrics.AddOtlpExporter();
        }

        return metrics.Build();
    }
}
