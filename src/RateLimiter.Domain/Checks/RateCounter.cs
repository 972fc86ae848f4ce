using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>A counter of a limit per window of a fixed length.</summary>
public abstract record RateCounter : Counter
{
    /// <summary>The latest time that the counter has seen, or the start of its window.</summary>
    protected abstract long Seen(RateLimit limit);

    /// <inheritdoc cref="At(Limit, long)"/>
    protected abstract Counter At(RateLimit limit, long now);

    /// <inheritdoc cref="Allows(Limit, long, long)"/>
    protected abstract bool Allows(RateLimit limit, long now, long cost);

    /// <inheritdoc cref="Used(Limit, long)"/>
    protected abstract long Used(RateLimit limit, long now);

    /// <inheritdoc cref="Acquire(Limit, long, long)"/>
    protected abstract Counter Acquire(RateLimit limit, long now, long cost);

    protected sealed override bool IsFromWrongClock(Limit limit, long now) =>
        Seen((RateLimit)limit) > now + ((RateLimit)limit).WindowMicroseconds;

    protected sealed override Counter At(Limit limit, long now) => At((RateLimit)limit, now);

    protected sealed override bool Allows(Limit limit, long now, long cost) =>
        Allows((RateLimit)limit, now, cost);

    protected sealed override long Used(Limit limit, long now) => Used((RateLimit)limit, now);

    protected sealed override Counter Acquire(Limit limit, long now, long cost) =>
        Acquire((RateLimit)limit, now, cost);
}
