namespace RateLimiter.Bench;

/// <summary>The durations and repetitions of the measurements, and how several rounds are combined.</summary>
internal sealed record Settings
{
    /// <summary>The duration of one warm-up run; there are several.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(3);

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);

    public int Rounds { get; init; } = 5;

    /// <summary>Whether only the service and the baseline are measured.</summary>
    public bool WithoutPeers { get; init; }

    /// <summary>
    /// Whether the best round of each counts instead of the median. It is the round that was disturbed the least, and a
    /// regression is slow in every round.
    /// </summary>
    public bool Best { get; init; }

    public ScaleSettings Scale { get; init; } = new(10_000_000, 100_000, 10_000);

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>The amount of data in the scenario <c>scale</c>.</summary>
internal sealed record ScaleSettings(int Subjects, int Policies, int Tenants);
