namespace RateLimiter.Api.Checks;

/// <summary>Durations on the wire are whole numbers, rounded up, never down.</summary>
internal static class Durations
{
    /// <param name="duration">Not negative.</param>
    /// <param name="unit">The unit, in ticks of <see cref="TimeSpan"/>.</param>
    public static long RoundUp(this TimeSpan duration, long unit) =>
        (duration.Ticks + unit - 1) / unit;
}
