using RateLimiter.Domain.Policies;

namespace RateLimiter.IntegrationTests.Redis.Reservations;

/// <summary>
/// A model of one counter, as plain as possible: the reference for scripts that keep holds. Times are microseconds, and
/// never step back.
/// </summary>
internal abstract class HoldModel(Limit limit)
{
    protected Limit Limit { get; } = limit;

    public static HoldModel Of(Limit limit) =>
        limit switch
        {
            { Algorithm: Algorithm.FixedWindow } => new FixedModel(limit),
            { Algorithm: Algorithm.SlidingWindow } => new SlidingModel(limit),
            { Algorithm: Algorithm.SlidingLog } => new LogModel(limit),
            { Algorithm: Algorithm.TokenBucket or Algorithm.LeakyBucket } => new BucketModel(limit),
            { Algorithm: Algorithm.Calendar } => new CalendarModel(limit),
            { Algorithm: Algorithm.Concurrency } => new SlotModel(limit),
            _ => throw new ArgumentOutOfRangeException(nameof(limit)),
        };

    /// <summary>The permits in use, rounded up.</summary>
    public abstract long Used(long now);

    /// <summary>Whether so many more are within the limit.</summary>
    public virtual bool Fits(long now, long permits) => Used(now) + permits <= Limit.Capacity;

    /// <summary>Takes permits, over the limit if need be.</summary>
    /// <returns>Where they were taken.</returns>
    public abstract long Take(long now, long permits);

    /// <summary>Gives permits back to where they were taken.</summary>
    public abstract void Give(long now, long permits, long origin);

    private long Window => ((RateLimit)Limit).WindowMicroseconds;

    private sealed class SlotModel(Limit limit) : HoldModel(limit)
    {
        private long used;

        public override long Used(long now) => used;

        public override long Take(long now, long permits)
        {
            used += permits;
            return 0;
        }

        public override void Give(long now, long permits, long origin) => used -= permits;
    }

    private sealed class FixedModel(Limit limit) : HoldModel(limit)
    {
        private long start;
        private long used;

        public override long Used(long now) => now < start + Window ? used : 0;

        public override long Take(long now, long permits)
        {
            if (Used(now) == 0)
            {
                (start, used) = (now, 0);
            }

            used += permits;
            return start;
        }

        public override void Give(long now, long permits, long origin)
        {
            if (Used(now) > 0 && origin == start)
            {
                used = Math.Max(0, used - permits);
            }
        }
    }

    private sealed class CalendarModel(Limit limit) : HoldModel(limit)
    {
        private readonly Dictionary<long, long> used = [];

        public override long Used(long now) => used.GetValueOrDefault(Period(now));

        public override long Take(long now, long permits)
        {
            used[Period(now)] = Used(now) + permits;
            return Period(now);
        }

        public override void Give(long now, long permits, long origin) =>
            used[origin] = Math.Max(0, used.GetValueOrDefault(origin) - permits);

        private long Period(long now) => ((CalendarLimit)Limit).Schedule.At(now).Start;
    }

    private sealed class SlidingModel(Limit limit) : HoldModel(limit)
    {
        private readonly Dictionary<long, long> used = [];

        private long Tick => ((RateLimit)Limit).Tick;

        public override long Used(long now)
        {
            var index = now / Window;
            var ticks = Window / Tick;
            var left = ticks - (now - index * Window) / Tick;
            var previous = (Int128)used.GetValueOrDefault(index - 1) * left;
            return used.GetValueOrDefault(index) + (long)((previous + ticks - 1) / ticks);
        }

        public override long Take(long now, long permits)
        {
            var index = now / Window;
            used[index] = used.GetValueOrDefault(index) + permits;
            return index;
        }

        public override void Give(long now, long permits, long origin) =>
            used[origin] = Math.Max(0, used.GetValueOrDefault(origin) - permits);
    }

    private sealed class LogModel(Limit limit) : HoldModel(limit)
    {
        private readonly SortedDictionary<long, long> taken = [];

        public override long Used(long now) =>
            taken.Where(entry => entry.Key > now - Window).Sum(entry => entry.Value);

        public override long Take(long now, long permits)
        {
            taken[now] = taken.GetValueOrDefault(now) + permits;
            return now;
        }

        public override void Give(long now, long permits, long origin) =>
            taken[origin] = Math.Max(0, taken.GetValueOrDefault(origin) - permits);
    }

    private sealed class BucketModel(Limit limit) : HoldModel(limit)
    {
        private readonly List<(long Tick, long Debt)> lows = [];
        private long tick;

        /// <summary>What is missing, in permits times ticks.</summary>
        private long debt;

        private long Ticks => Window / Tick;

        private long Tick => ((RateLimit)Limit).Tick;

        public override long Used(long now)
        {
            Flow(now);
            return (debt + Ticks - 1) / Ticks;
        }

        public override bool Fits(long now, long permits)
        {
            Flow(now);
            return debt + permits * Ticks <= Limit.Capacity * Ticks;
        }

        public override long Take(long now, long permits)
        {
            Flow(now);
            lows.Add((now / Tick, debt));
            debt += permits * Ticks;
            return now / Tick;
        }

        public override void Give(long now, long permits, long origin)
        {
            Flow(now);
            // Below this debt, the bucket would have been full without what was taken.
            var low = lows.Where(it => it.Tick > origin).Select(it => it.Debt).Append(debt).Min();
            debt -= Math.Min(permits * Ticks, low);
        }

        private void Flow(long now)
        {
            debt = Math.Max(0, debt - (now / Tick - tick) * Limit.Permits);
            tick = now / Tick;
        }
    }
}
