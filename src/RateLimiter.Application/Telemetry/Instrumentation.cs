using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace RateLimiter.Application.Telemetry;

/// <summary>Under which name the service tells of itself: its meter and the source of its spans.</summary>
public static class Instrumentation
{
    /// <summary>Of the meter and of the source.</summary>
    public const string Name = "RateLimiter";

    /// <summary>
    /// The bounds of times in seconds: from a denial that is answered from memory to a store that is overloaded.
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

    /// <summary>Spans. Where nobody listens, starting one gives null and costs nothing.</summary>
    public static ActivitySource Spans { get; } = new(Name);

    /// <summary>
    /// For what is recorded where it happens. What can be read from memory is observed instead, by an instrument of the meter
    /// of the same name that the container makes.
    /// </summary>
    public static Meter Meter { get; } = new(Name);
}
