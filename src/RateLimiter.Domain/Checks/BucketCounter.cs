using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>A bucket that is replenished by the limit per window, up to its capacity.</summary>
/// <param name="Last">When the debt was computed.</param>
/// <param name="Debt">The missing permits, in permits times ticks: each tick reduces the debt by exactly the limit.</param>
/// <param name="Ticks">The number of ticks in a window when the debt was computed.</param>
internal sealed record BucketCounter(long Last = 0, long Debt = 0, long Ticks = 1) : RateCounter
{
    protected override long Seen(RateLimit limit) => Last;

    protected override Counter At(RateLimit limit, long now)
    {
        var ticks = limit.WindowMicroseconds / limit.Tick;
        // In doubles, because the script has no other numbers; an error of one tick does not matter.
        var debt = Ticks == ticks ? Debt : (long)Math.Floor((double)Debt / Ticks * ticks);
        // The last time may lie inside a tick of the new limit: that tick counts as elapsed.
        var last = (Last + limit.Tick - 1) / limit.Tick;
        var time = Debt > 0 ? Math.Max(last, now / limit.Tick) : now / limit.Tick;
        var left = Debt > 0 ? Int128.Max(0, debt - (Int128)(time - last) * limit.Permits) : 0;
        return new BucketCounter(time * limit.Tick, (long)left, ticks);
    }

    protected override bool Allows(RateLimit limit, long now, long cost) =>
        DebtAt(limit, now) + (Int128)cost * Ticks <= (Int128)limit.Capacity * Ticks;

    protected override long Used(RateLimit limit, long now) =>
        (long)((DebtAt(limit, now) + Ticks - 1) / Ticks);

    protected override Counter Acquire(RateLimit limit, long now, long cost) =>
        this with
        {
            Debt = Debt + cost * Ticks,
        };

    public override long Origin(Limit limit) => Last;

    protected override Counter Return(long cost, long origin) => Refund(cost);

    protected override Counter Refund(long cost) =>
        this with
        {
            Debt = (long)Int128.Max(0, Debt - (Int128)cost * Ticks),
        };

    private Int128 DebtAt(RateLimit limit, long now) =>
        Int128.Max(0, Debt - (Int128)Math.Max(0, (now - Last) / limit.Tick) * limit.Permits);
}
