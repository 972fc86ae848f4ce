using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>A bucket that fills by limit per window, up to its capacity.</summary>
/// <param name="Last">When the debt was reckoned.</param>
/// <param name="Debt">What is missing, in permits times ticks: a tick takes away exactly limit.</param>
/// <param name="Ticks">The ticks of a window when it was reckoned.</param>
internal sealed record BucketCounter(long Last = 0, long Debt = 0, long Ticks = 1) : Counter
{
    protected override long Seen(Limit limit) => Last;

    protected override Counter At(Limit limit, long now)
    {
        var ticks = limit.WindowMicroseconds / limit.Tick;
        // In doubles, because the script has nothing else; a tick more or less is nobody's loss.
        var debt = Ticks == ticks ? Debt : (long)Math.Floor((double)Debt / Ticks * ticks);
        // The last time may lie within a tick of the new limit: that tick counts as passed.
        var last = (Last + limit.Tick - 1) / limit.Tick;
        var time = Debt > 0 ? Math.Max(last, now / limit.Tick) : now / limit.Tick;
        var left = Debt > 0 ? Int128.Max(0, debt - (Int128)(time - last) * limit.Permits) : 0;
        return new BucketCounter(time * limit.Tick, (long)left, ticks);
    }

    protected override bool Allows(Limit limit, long now, long cost) =>
        DebtAt(limit, now) + (Int128)cost * Ticks <= (Int128)limit.Capacity * Ticks;

    protected override long Used(Limit limit, long now) =>
        (long)((DebtAt(limit, now) + Ticks - 1) / Ticks);

    protected override Counter Acquire(Limit limit, long now, long cost) =>
        this with
        {
            Debt = Debt + cost * Ticks,
        };

    protected override Counter Refund(long cost) =>
        this with
        {
            Debt = (long)Int128.Max(0, Debt - (Int128)cost * Ticks),
        };

    private Int128 DebtAt(Limit limit, long now) =>
        Int128.Max(0, Debt - (Int128)Math.Max(0, (now - Last) / limit.Tick) * limit.Permits);
}
