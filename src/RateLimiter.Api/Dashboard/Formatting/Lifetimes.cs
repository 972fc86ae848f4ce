namespace RateLimiter.Api.Dashboard.Formatting;

/// <summary>Units in which people say how long something is valid.</summary>
public static class Lifetimes
{
    public static readonly IReadOnlyList<(long Value, string Text)> Units =
    [
        (60, "minutes"),
        (3_600, "hours"),
        (86_400, "days"),
    ];

    /// <summary>Seconds of so many units; what no number holds is as good as the greatest, which is always too long.</summary>
    public static long Seconds(long count, long unit) =>
        (long)Int128.Clamp((Int128)count * unit, long.MinValue, long.MaxValue);
}
