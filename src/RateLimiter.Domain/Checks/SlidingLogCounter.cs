using System.Collections.Immutable;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>Every permit counts for exactly one window after it was taken.</summary>
/// <param name="Entries">The permits taken and their times, oldest first.</param>
/// <param name="Total">The permits of all entries.</param>
internal sealed record SlidingLogCounter(
    ImmutableList<(long Time, long Permits)> Entries,
    long Total
) : RateCounter
{
    public SlidingLogCounter()
        : this([], 0) { }

    protected override long Seen(RateLimit limit) => Entries.IsEmpty ? 0 : Entries[^1].Time;

    protected override Counter At(RateLimit limit, long now)
    {
        var (expired, permits) = Expired(limit, now);
        return expired == 0
            ? this
            : new SlidingLogCounter(Entries.RemoveRange(0, expired), Total - permits);
    }

    protected override bool Allows(RateLimit limit, long now, long cost) =>
        Used(limit, now) + cost <= limit.Permits;

    protected override long Used(RateLimit limit, long now) => Total - Expired(limit, now).Permits;

    protected override Counter Acquire(RateLimit limit, long now, long cost) =>
        new SlidingLogCounter(
            Entries.Add((Entries.IsEmpty ? now : Math.Max(now, Entries[^1].Time), cost)),
            Total + cost
        );

    public override long Origin(Limit limit) => Entries.IsEmpty ? 0 : Entries[^1].Time;

    protected override Counter Return(long cost, long origin)
    {
        var (entries, total) = (Entries, Total);
        for (var i = entries.FindIndex(entry => entry.Time == origin); i >= 0 && cost > 0; )
        {
            var (time, permits) = entries[i];
            var given = Math.Min(cost, permits);
            entries =
                permits > given ? entries.SetItem(i, (time, permits - given)) : entries.RemoveAt(i);
            (cost, total) = (cost - given, total - given);
            i = i < entries.Count && entries[i].Time == origin ? i : -1;
        }

        return new SlidingLogCounter(entries, total);
    }

    protected override Counter Refund(long cost)
    {
        var (entries, total) = (Entries, Total);
        while (cost > 0 && !entries.IsEmpty)
        {
            var (time, permits) = entries[^1];
            var given = Math.Min(cost, permits);
            entries = entries.RemoveAt(entries.Count - 1);
            entries = permits > given ? entries.Add((time, permits - given)) : entries;
            cost -= given;
            total -= given;
        }

        return new SlidingLogCounter(entries, total);
    }

    private (int Entries, long Permits) Expired(RateLimit limit, long now)
    {
        var (expired, permits) = (0, 0L);
        foreach (var entry in Entries)
        {
            if (entry.Time + limit.WindowMicroseconds > now)
            {
                break;
            }

            expired++;
            permits += entry.Permits;
        }

        return (expired, permits);
    }
}
