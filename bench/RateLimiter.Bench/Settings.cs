namespace RateLimiter.Bench;

/// <summary>How long and how often is measured, and what counts of several rounds.</summary>
internal sealed record Settings
{
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);

    public int Rounds { get; init; } = 5;

    /// <summary>Only the service and the yardstick, no peers.</summary>
    public bool WithoutPeers { get; init; }

    /// <summary>Whether the best round counts, and not the median: what a change broke is slow in every round.</summary>
    public bool Best { get; init; }

    public ScaleSettings Scale { get; init; } = new();

    /// <summary>A ratio from those of the rounds.</summary>
    /// <param name="ratios">The ratio in each round.</param>
    /// <param name="lessIsBetter">Whether a smaller one is better.</param>
    public double Pick(IEnumerable<double> ratios, bool lessIsBetter = false) =>
        !Best ? Median(ratios)
        : lessIsBetter ? ratios.Min()
        : ratios.Max();

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>How much there is in the scenario <c>scale</c>.</summary>
internal sealed record ScaleSettings
{
    public int Subjects { get; init; } = 10_000_000;

    public int Policies { get; init; } = 100_000;

    public int Tenants { get; init; } = 10_000;
}
