using RateLimiter.Domain.Checks;

namespace RateLimiter.Domain.Policies;

/// <summary>A number of slots, of which each open reservation holds some. It has no window.</summary>
public sealed record ConcurrencyLimit : Limit
{
    /// <param name="name">Its name.</param>
    /// <param name="slots">0 to <see cref="Limit.MaxPermits"/>.</param>
    public ConcurrencyLimit(string name, long slots)
        : base(name, Algorithm.Concurrency, slots) { }

    public override long Capacity => Permits;

    /// <summary>The longest time to live of a reservation.</summary>
    public override TimeSpan LongestWindow { get; } =
        TimeSpan.FromSeconds(ReservationTerms.MaxSeconds);

    protected override bool KeepsCountersOf(Limit earlier) => true;
}
