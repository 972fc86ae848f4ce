namespace RateLimiter.Bench;

/// <summary>How long and how often is measured, and what counts of several rounds.</summary>
internal sealed record Settings
{
    /// <summary>One run of the warm-up; there are several.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(3);

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);

    public int Rounds { get; init; } = 5;

    /// <summary>Only the service and the yardstick.</summary>
    public bool WithoutPeers { get; init; }

    /// <summary>
    /// Whether the best round of each counts, and not the median. It is the one that was disturbed the least, and what a
    /// change broke is slow in every round.
    /// </summary>
    public bool Best { get; init; }

    public ScaleSettings Scale { get; init; } = new(10_000_000, 100_000, 10_000);

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>How much there is in the scenario <c>scale</c>.</summary>
internal sealed record ScaleSettings(int Subjects, int Policies, int Tenants);
