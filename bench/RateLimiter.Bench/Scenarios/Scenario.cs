using RateLimiter.Bench.Report;

namespace RateLimiter.Bench.Scenarios;

/// <param name="Text">Its tables.</param>
/// <param name="Figures">What it says about the goals.</param>
internal sealed record Outcome(string Text, params IReadOnlyList<Figure> Figures);

/// <param name="Name">Its name on the command line, and of its part in the document.</param>
/// <param name="IsInCheck">Whether the short form has it.</param>
/// <param name="RunAsync">Measures it.</param>
internal sealed record Scenario(
    string Name,
    bool IsInCheck,
    Func<Settings, CancellationToken, Task<Outcome>> RunAsync
)
{
    /// <summary>The one that takes too long to be run without being asked for.</summary>
    public const string ByHand = "scale";

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("allowed", true, Throughput.AllowedAsync),
        new("denied", true, Throughput.DeniedAsync),
        new("batch", true, Throughput.BatchAsync),
        new("half-rate", false, HalfRate.RunAsync),
        new("allocations", true, Allocations.RunAsync),
        new("algorithms", true, Algorithms.RunAsync),
        new("embedded", true, Embedded.RunAsync),
        new(ByHand, false, Scale.RunAsync),
    ];
}
