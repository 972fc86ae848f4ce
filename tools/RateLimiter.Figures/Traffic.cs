namespace RateLimiter.Figures;

/// <summary>The requests of the pictures, the same under every algorithm. Times are microseconds.</summary>
internal static class Traffic
{
    public const long Second = 1_000_000;

    /// <summary>The time span of the pictures.</summary>
    public const long End = 40 * Second;

    // Seven seconds into a clock-aligned window, so that such a window never begins where a burst does.
    private const long Start = 1_700_000_007 * Second;

    /// <summary>The scenes of the pictures, and their times.</summary>
    public static IReadOnlyList<Scene> Scenes { get; } =
    [
        new(
            "bursts around a window's end",
            [Second / 2, .. Every(Second / 5, 8.4, 9), .. Every(Second / 5, 10.6, 10)]
        ),
        new("twice as fast as allowed", [.. Every(Second / 2, 16, 20)]),
        new("burst after a pause", [.. Every(Second / 5, 35, 12)]),
    ];

    /// <summary>The store's clock at a time of the picture.</summary>
    public static long Clock(long time) => Start + time;

    private static IEnumerable<long> Every(long gap, double firstSecond, int count) =>
        Enumerable.Range(0, count).Select(i => (long)(firstSecond * Second) + i * gap);
}

/// <param name="Name">What the reader should notice.</param>
/// <param name="Requests">The times of the requests.</param>
internal sealed record Scene(string Name, IReadOnlyList<long> Requests);
