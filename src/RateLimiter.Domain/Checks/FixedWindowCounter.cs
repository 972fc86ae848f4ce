using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>Starts at the first permit and is discarded when its window ends.</summary>
internal sealed record FixedWindowCounter(long Start = 0, long Permits = 0) : RateCounter
{
    protected override long Seen(RateLimit limit) => Start;

    protected override Counter At(RateLimit limit, long now) =>
        Used(limit, now) > 0 ? this : new FixedWindowCounter(now);

    protected override bool Allows(RateLimit limit, long now, long cost) =>
        Used(limit, now) + cost <= limit.Permits;

    protected override long Used(RateLimit limit, long now) =>
        now < Start + limit.WindowMicroseconds ? Permits : 0;

    protected override Counter Acquire(RateLimit limit, long now, long cost) =>
        this with
        {
            Permits = Permits + cost,
        };

    public override long Origin(Limit limit) => Start;

    protected override Counter Return(long cost, long origin) =>
        origin == Start ? Refund(cost) : this;

    protected override Counter Refund(long cost) =>
        this with
        {
            Permits = Math.Max(0, Permits - cost),
        };
}
