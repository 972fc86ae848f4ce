namespace RateLimiter.Domain.Policies;

/// <summary>A number of permits in a window: fixed_window, sliding_window or sliding_log.</summary>
public sealed record WindowLimit : RateLimit
{
    /// <param name="name">Its name.</param>
    /// <param name="algorithm">How permits are counted.</param>
    /// <param name="permits">0 to <see cref="Limit.MaxPermits"/>.</param>
    /// <param name="window">Whole seconds, 1 to <see cref="Limit.MaxWindowSeconds"/>.</param>
    public WindowLimit(string name, Algorithm algorithm, long permits, TimeSpan window)
        : base(name, algorithm, permits, window) { }

    public override long Capacity => Permits;

    protected override long MostPermits =>
        Algorithm switch
        {
            Algorithm.SlidingLog => MaxLoggedPermits,
            Algorithm.SlidingWindow => MostFactor,
            _ => MaxPermits,
        };

    // Only the sliding window multiplies permits by time.
    protected override long GreatestFactor => Algorithm == Algorithm.SlidingWindow ? Permits : 0;

    protected override bool KeepsCountersOf(Limit earlier) =>
        // Counts in one window have no meaning in another.
        earlier is WindowLimit other
        && other.Window == Window;
}
