namespace RateLimiter.Domain.Policies;

/// <summary>A number of slots, of which each open reservation holds some. It has no window.</summary>
public sealed record ConcurrencyLimit : Limit
{
    /// <summary>The longest time for which a reservation holds slots, if nobody extends it.</summary>
    public const int MaxHoldSeconds = 3600;

    /// <param name="name">Its name.</param>
    /// <param name="slots">0 to <see cref="Limit.MaxPermits"/>.</param>
    public ConcurrencyLimit(string name, long slots)
        : base(name, Algorithm.Concurrency, slots) { }

    public override long Capacity => Permits;

    public override TimeSpan LongestWindow { get; } = TimeSpan.FromSeconds(MaxHoldSeconds);

    protected override bool KeepsCountersOf(Limit earlier) => true;
}
