using RateLimiter.Bench.Report;

namespace RateLimiter.Bench.Scenarios;

/// <param name="Text">Its tables.</param>
/// <param name="Figures">The figures for the goals.</param>
internal sealed record Outcome(string Text, params IReadOnlyList<Figure> Figures);

/// <param name="Name">Its name on the command line, and of its section in the document.</param>
/// <param name="IsInCheck">Whether it is part of the short form.</param>
/// <param name="Measure">Starts what it needs and measures.</param>
internal sealed record Scenario(string Name, bool IsInCheck, Func<Settings, Task<Outcome>> Measure)
{
    /// <summary>The scenario that takes too long to run by default.</summary>
    public const string ByHand = "scale";

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("allowed", true, Throughput.MeasureAllowedAsync),
        new("denied", false, Throughput.MeasureDeniedAsync),
        new("batch", true, Throughput.MeasureBatchAsync),
        new("half-rate", false, HalfRate.MeasureAsync),
        new("allocations", true, Allocations.MeasureAsync),
        new("algorithms", false, Algorithms.MeasureAsync),
        new("subjects", false, Subjects.MeasureAsync),
        new("embedded", false, Embedded.MeasureAsync),
        new("postgres", false, Postgres.MeasureAsync),
        new("analytics", false, Analytics.MeasureAsync),
        new("metrics", false, Metrics.MeasureAsync),
        new("streams", false, Streams.MeasureAsync),
        new("client", false, Client.MeasureAsync),
        new("starved", false, Starved.MeasureAsync),
        new("neighbours", false, Neighbours.MeasureAsync),
        new(ByHand, false, Scale.MeasureAsync),
    ];

    /// <summary>Measures, and stops everything that it has started.</summary>
    public async Task<Outcome> RunAsync(Settings settings)
    {
        await Console.Error.WriteLineAsync(Name);
        try
        {
            return await Measure(settings);
        }
        finally
        {
            StartedResources.Dispose();
        }
    }
}
