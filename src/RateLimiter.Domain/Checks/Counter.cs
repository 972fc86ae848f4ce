using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>
/// The permits of one limit for one subject. An algorithm defines only how many permits are in use at a time and whether
/// a cost passes; waits and remainders are found by search. Slow and simple on purpose: this is the reference model that
/// tests compare the store's scripts with, which use closed formulas.
/// </summary>
/// <remarks>
/// Times are microseconds since 1970. When the clock steps back, a counter treats the time as standing still, but for at most
/// one window: a counter that is further ahead was written by a wrong clock and is reset.
/// </remarks>
public abstract partial record Counter
{
    private const long Forever = long.MaxValue / 4;

    /// <summary>An unused counter for the algorithm.</summary>
    public static Counter Create(Algorithm algorithm) =>
        algorithm switch
        {
            Algorithm.FixedWindow => new FixedWindowCounter(),
            Algorithm.SlidingWindow => new SlidingWindowCounter(),
            Algorithm.SlidingLog => new SlidingLogCounter(),
            Algorithm.TokenBucket or Algorithm.LeakyBucket => new BucketCounter(),
            Algorithm.Calendar => new CalendarCounter(),
            Algorithm.Concurrency => new ConcurrencyCounter(),
            _ => throw new ArgumentOutOfRangeException(nameof(algorithm)),
        };

    /// <summary>Where the permits that were just taken are, so that they can be given back there.</summary>
    /// <param name="limit">The limit.</param>
    public abstract long Origin(Limit limit);

    /// <summary>Charges a reservation for more than it holds, over the limit if need be.</summary>
    public Counter Charge(Limit limit, long now, long cost) =>
        Current(limit, now).Acquire(limit, now, cost);

    /// <summary>Holds the slots of a reservation that is made now, or lives longer. Only a concurrency limit counts them.</summary>
    public virtual Counter Hold(Limit limit, long now, ReservationTerms terms) => this;

    /// <summary>
    /// Gives permits of a reservation back to where they were taken. A window that is gone gets nothing, and a bucket no more than
    /// is missing from it.
    /// </summary>
    /// <param name="limit">The limit.</param>
    /// <param name="now">The time.</param>
    /// <param name="cost">The permits.</param>
    /// <param name="origin">Where they were taken: see <see cref="Origin"/>.</param>
    public Counter Return(Limit limit, long now, long cost, long origin) =>
        Current(limit, now).Return(cost, origin);

    /// <summary>
    /// Whether the counter is so far ahead of a time that a wrong clock must have written it: more than a window.
    /// </summary>
    protected abstract bool IsFromWrongClock(Limit limit, long now);

    /// <summary>The counter advanced to a time.</summary>
    protected abstract Counter At(Limit limit, long now);

    /// <summary>
    /// Whether a cost would pass at a time, which must not be before the time that the counter was advanced to.
    /// </summary>
    protected abstract bool Allows(Limit limit, long now, long cost);

    /// <summary>
    /// The permits in use at a time, rounded up. The time must not be before the one that the counter was advanced to.
    /// </summary>
    protected abstract long Used(Limit limit, long now);

    protected abstract Counter Acquire(Limit limit, long now, long cost);

    protected abstract Counter Refund(long cost);

    /// <inheritdoc cref="Return(Limit, long, long, long)"/>
    /// <param name="cost">The permits.</param>
    /// <param name="origin">Where they were taken.</param>
    protected abstract Counter Return(long cost, long origin);

    private Counter Current(Limit limit, long now) =>
        (IsFromWrongClock(limit, now) ? Create(limit.Algorithm) : this).At(limit, now);

    private LimitStatus Status(Limit limit, long now, long wait, long usedBefore) =>
        limit.Permits == 0
            ? new LimitStatus(wait, 0, 0, usedBefore)
            : new LimitStatus(
                wait,
                Remaining(limit, now),
                Earliest(time => Used(limit, time) <= 0, now) - now,
                usedBefore
            );

    private long Remaining(Limit limit, long now) => Math.Max(0, limit.Capacity - Used(limit, now));

    private long Wait(Limit limit, long now, long cost) =>
        IsNever(limit, cost)
            ? LimitStatus.Never
            : Earliest(time => Allows(limit, time, cost), now) - now;

    private static bool IsNever(Limit limit, long cost) =>
        limit.Permits == 0 || cost > limit.Capacity;

    /// <summary>The first time at which a condition holds; the condition must stay true from then on.</summary>
    private static long Earliest(Func<long, bool> isSo, long now)
    {
        if (isSo(now))
        {
            return now;
        }

        var step = 1L;
        while (!isSo(now + step))
        {
            step = step < Forever ? step * 2 : throw new InvalidOperationException("Never.");
        }

        var (before, at) = (now + step / 2, now + step);
        while (at - before > 1)
        {
            var middle = before + (at - before) / 2;
            (before, at) = isSo(middle) ? (before, middle) : (middle, at);
        }

        return at;
    }
}
