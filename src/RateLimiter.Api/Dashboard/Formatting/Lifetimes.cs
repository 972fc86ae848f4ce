namespace RateLimiter.Api.Dashboard.Formatting;

/// <summary>The units of lifetimes.</summary>
public static class Lifetimes
{
    public static readonly IReadOnlyList<(long Value, string Text)> Units =
    [
        (60, "minutes"),
        (3_600, "hours"),
        (86_400, "days"),
    ];

    /// <summary>The units in seconds; on overflow the greatest number, which is always too long.</summary>
    public static long Seconds(long count, long unit) =>
        (long)Int128.Clamp((Int128)count * unit, long.MinValue, long.MaxValue);
}
