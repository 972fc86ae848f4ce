using System.Collections.Immutable;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>The slots of open reservations. They come back when the reservation expires.</summary>
/// <param name="Open">The reservations.</param>
internal sealed record ConcurrencyCounter(ImmutableArray<HeldSlots> Open) : Counter
{
    private const long LongestTimeToLive =
        ReservationTerms.MaxSeconds * TimeSpan.MicrosecondsPerSecond;

    public ConcurrencyCounter()
        : this([]) { }

    public override Counter Hold(Limit limit, long now, ReservationTerms terms) =>
        new ConcurrencyCounter(
            Open.Add(new HeldSlots(now + (long)terms.TimeToLive.TotalMicroseconds, terms.Slots))
        );

    /// <summary>When the reservation expires that was made last.</summary>
    public override long Origin(Limit limit) => Open is [.., var last] ? last.Expires : 0;

    protected override bool IsFromWrongClock(Limit limit, long now) =>
        !Open.IsEmpty && Open.Min(held => held.Expires) > now + LongestTimeToLive;

    protected override Counter At(Limit limit, long now) =>
        new ConcurrencyCounter(Open.RemoveAll(held => held.Expires <= now));

    protected override bool Allows(Limit limit, long now, long cost) =>
        Used(limit, now) + cost <= limit.Permits;

    protected override long Used(Limit limit, long now) =>
        Open.Sum(held => held.Expires > now ? held.Slots : 0);

    protected override Counter Acquire(Limit limit, long now, long cost) =>
        throw new NotSupportedException("Only reservations have slots.");

    protected override Counter Return(long cost, long origin) =>
        new ConcurrencyCounter(Open.Remove(new HeldSlots(origin, cost)));

    protected override Counter Refund(long cost) =>
        throw new NotSupportedException("Slots are not refunded.");
}

/// <summary>The slots of one open reservation.</summary>
/// <param name="Expires">When it expires.</param>
/// <param name="Slots">How many it holds.</param>
internal readonly record struct HeldSlots(long Expires, long Slots);
