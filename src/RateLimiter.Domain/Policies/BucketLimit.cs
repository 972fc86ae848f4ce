namespace RateLimiter.Domain.Policies;

/// <summary>
/// A bucket that is replenished evenly by a number of permits per window: token_bucket or leaky_bucket, which differ only in
/// their default burst.
/// </summary>
public sealed record BucketLimit : RateLimit
{
    /// <param name="name">Its name.</param>
    /// <param name="algorithm">How permits are counted.</param>
    /// <param name="permits">0 to <see cref="Limit.MaxPermits"/>.</param>
    /// <param name="window">Whole seconds, 1 to <see cref="Limit.MaxWindowSeconds"/>.</param>
    /// <param name="burst">The capacity, 1 to <see cref="Limit.MaxPermits"/>; null for the algorithm's default.</param>
    public BucketLimit(string name, Algorithm algorithm, long permits, TimeSpan window, long? burst)
        : base(name, algorithm, permits, window) => Burst = burst;

    /// <summary>The capacity as its owner gave it.</summary>
    public long? Burst { get; private init; }

    /// <summary>0 when the limit is 0, however large the bucket is, because it is never replenished.</summary>
    public override long Capacity =>
        Permits == 0 ? 0
        : Algorithm == Algorithm.LeakyBucket ? Burst ?? 1
        : Burst ?? Permits;

    protected override long MostPermits => MostFactor;

    // A burst that was not given follows from the algorithm, as that of any limit.
    internal override Limit WithPermits(long permits) =>
        (BucketLimit)base.WithPermits(permits) with
        {
            Burst =
                Burst is { } burst && Permits > 0 && permits > 0
                    ? (long)Int128.Clamp((Int128)burst * permits / Permits, 1, MostFactor)
                    : Burst,
        };

    protected override long GreatestFactor => Math.Max(Permits, Capacity);

    // The debt of a bucket can be converted to any window.
    protected override bool KeepsCountersOf(Limit earlier) => true;
}
