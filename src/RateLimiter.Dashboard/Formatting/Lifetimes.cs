namespace RateLimiter.Dashboard.Formatting;

/// <summary>The units of lifetimes.</summary>
public static class Lifetimes
{
    /// <summary>In seconds.</summary>
    public const long Day = 86_400;

    public static readonly IReadOnlyList<(long Value, string Text)> Units =
    [
        (60, "minutes"),
        (3_600, "hours"),
        (Day, "days"),
    ];

    /// <summary>The units in seconds; on overflow the greatest number, which is always too long.</summary>
    public static long Seconds(long count, long unit) =>
        (long)Int128.Clamp((Int128)count * unit, long.MinValue, long.MaxValue);
}
