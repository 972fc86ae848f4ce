using System.Collections.Immutable;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>Every permit counts for exactly one window after it was taken.</summary>
/// <param name="Entries">The permits taken and their times, oldest first.</param>
internal sealed record SlidingLogCounter(ImmutableList<(long Time, long Permits)> Entries)
    : RateCounter
{
    public SlidingLogCounter()
        : this([]) { }

    protected override long Seen(RateLimit limit) => Entries.IsEmpty ? 0 : Entries[^1].Time;

    protected override Counter At(RateLimit limit, long now) =>
        new SlidingLogCounter([.. Alive(limit, now)]);

    protected override bool Allows(RateLimit limit, long now, long cost) =>
        Used(limit, now) + cost <= limit.Permits;

    protected override long Used(RateLimit limit, long now) =>
        Alive(limit, now).Sum(entry => entry.Permits);

    protected override Counter Acquire(RateLimit limit, long now, long cost) =>
        new SlidingLogCounter(
            Entries.Add((Entries.IsEmpty ? now : Math.Max(now, Entries[^1].Time), cost))
        );

    protected override Counter Refund(long cost)
    {
        var entries = Entries;
        while (cost > 0 && !entries.IsEmpty)
        {
            var (time, permits) = entries[^1];
            var given = Math.Min(cost, permits);
            entries = entries.RemoveAt(entries.Count - 1);
            entries = permits > given ? entries.Add((time, permits - given)) : entries;
            cost -= given;
        }

        return new SlidingLogCounter(entries);
    }

    private IEnumerable<(long Time, long Permits)> Alive(RateLimit limit, long now) =>
        Entries.Where(entry => entry.Time + limit.WindowMicroseconds > now);
}
