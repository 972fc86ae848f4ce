using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>
/// Two counters in windows aligned to the clock. When e of a window w has elapsed, the permits of the previous window
/// have the weight (w − e) / w.
/// </summary>
internal sealed record SlidingWindowCounter(long Index = 0, long Current = 0, long Previous = 0)
    : RateCounter
{
    protected override long Seen(RateLimit limit) => Index * limit.WindowMicroseconds;

    protected override Counter At(RateLimit limit, long now) => Shift(limit, now);

    protected override bool Allows(RateLimit limit, long now, long cost)
    {
        var (weighted, current, ticks) = Weigh(limit, now);
        return weighted + (Int128)(current + cost) * ticks <= (Int128)limit.Permits * ticks;
    }

    protected override long Used(RateLimit limit, long now)
    {
        var (weighted, current, ticks) = Weigh(limit, now);
        return current + (long)((weighted + ticks - 1) / ticks);
    }

    protected override Counter Acquire(RateLimit limit, long now, long cost) =>
        this with
        {
            Current = Current + cost,
        };

    public override long Origin(Limit limit) => Index;

    protected override Counter Return(long cost, long origin) =>
        origin == Index ? this with { Current = Math.Max(0, Current - cost) }
        : origin == Index - 1 ? this with { Previous = Math.Max(0, Previous - cost) }
        : this;

    protected override Counter Refund(long cost)
    {
        var fromCurrent = Math.Min(cost, Current);
        return this with
        {
            Current = Current - fromCurrent,
            Previous = Math.Max(0, Previous - (cost - fromCurrent)),
        };
    }

    private SlidingWindowCounter Shift(RateLimit limit, long now)
    {
        var isUsed = Current > 0 || Previous > 0;
        var index = Math.Max(now / limit.WindowMicroseconds, isUsed ? Index : 0);
        return (index - Index) switch
        {
            0 => this,
            1 => new SlidingWindowCounter(index, 0, Current),
            _ => new SlidingWindowCounter(index),
        };
    }

    // The permits of the previous window times the remaining ticks, the permits of this window, and the ticks of a window.
    private (Int128 Weighted, long Current, long Ticks) Weigh(RateLimit limit, long now)
    {
        var (index, current, previous) = Shift(limit, now);
        var ticks = limit.WindowMicroseconds / limit.Tick;
        var elapsed = Math.Max(0, now - index * limit.WindowMicroseconds) / limit.Tick;
        return ((Int128)previous * (ticks - elapsed), current, ticks);
    }
}
