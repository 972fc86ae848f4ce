using System.Diagnostics;
using System.Diagnostics.Metrics;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain.Checks;

namespace RateLimiter.MicroBench;

/// <summary>What telemetry adds to a check, with the packages that listen.</summary>
[MemoryDiagnoser]
public class MetricsBench : IDisposable
{
    private static readonly TimeSpan Took = TimeSpan.FromMilliseconds(0.4);

    private readonly ServiceProvider services = new ServiceCollection()
        .AddMetrics()
        .BuildServiceProvider();
    private readonly Decision decision = Decision.From(
        Policies.PlanOf("search", limits: 1),
        [new LimitStatus(Wait: 0, Remaining: 9, Reset: 60, Used: 0)],
        DateTimeOffset.UnixEpoch
    );
    private readonly CacheCount cache = new();
    private readonly ActivitySource spans = Instrumentation.Spans;
    private readonly MeterProvider listener;
    private readonly DecisionMetrics on;
    private readonly DecisionMetrics off;

    public MetricsBench()
    {
        var meters = services.GetRequiredService<IMeterFactory>();
        off = Of(isOn: false);
        on = Of(isOn: true);
        listener = Sdk.CreateMeterProviderBuilder()
            .AddMeter(Instrumentation.Name)
            .AddPrometheusExporter()
            .Build();

        DecisionMetrics Of(bool isOn) =>
            new(meters, Options.Create(new MetricsOptions { Enabled = isOn }));
    }

    public void Dispose()
    {
        listener.Dispose();
        services.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A counter and a histogram.</summary>
    [Benchmark]
    public void Record() => on.Record(decision, Took);

    [Benchmark]
    public void RecordWhenOff() => off.Record(decision, Took);

    [Benchmark]
    public void CountOfACache() => cache.Add(isHit: true);

    [Benchmark]
    public object? SpanThatNobodyWants() => spans.StartActivity("span");
}
