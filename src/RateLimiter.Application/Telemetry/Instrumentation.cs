using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace RateLimiter.Application.Telemetry;

/// <summary>The names of the service's telemetry: its meter and the source of its spans.</summary>
public static class Instrumentation
{
    /// <summary>The name of the meter and of the source.</summary>
    public const string Name = "RateLimiter";

    /// <summary>
    /// The histogram bounds for durations in seconds: from a denial served from memory to an overloaded store.
    /// </summary>
    public static InstrumentAdvice<double> Durations { get; } =
        new()
        {
            HistogramBucketBoundaries =
            [
                0.00005,
                0.0001,
                0.00025,
                0.0005,
                0.001,
                0.0025,
                0.005,
                0.01,
                0.025,
                0.05,
                0.1,
                0.25,
                0.5,
                1,
            ],
        };

    /// <summary>The source of spans. Without a listener, starting a span returns null and costs nothing.</summary>
    public static ActivitySource Spans { get; } = new(Name);

    /// <summary>
    /// The meter for measurements that are recorded where they happen. Values that can be read from memory are observed
    /// instead, by instruments of the meter of the same name from the container.
    /// </summary>
    public static Meter Meter { get; } = new(Name);
}
