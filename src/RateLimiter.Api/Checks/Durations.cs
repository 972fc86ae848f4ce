namespace RateLimiter.Api.Checks;

/// <summary>Durations on the wire are whole, and never shorter than they are.</summary>
internal static class Durations
{
    /// <param name="duration">Not negative.</param>
    /// <param name="unit">The unit, in ticks of <see cref="TimeSpan"/>.</param>
    public static long RoundUp(this TimeSpan duration, long unit) =>
        (duration.Ticks + unit - 1) / unit;
}
