namespace RateLimiter.Domain.Policies;

/// <summary>
/// A number of permits per window of a fixed length: <see cref="WindowLimit"/> or <see cref="BucketLimit"/>.
/// </summary>
public abstract record RateLimit : Limit
{
    // Numbers in Redis scripts are doubles, which are exact integers up to 2^53.
    private const long MaxExactInteger = 1L << 53;
    private const long CoarseTick = 1000;

    private protected RateLimit(string name, Algorithm algorithm, long permits, TimeSpan window)
        : base(name, algorithm, permits) => Window = window;

    /// <summary>Whole seconds, 1 to <see cref="Limit.MaxWindowSeconds"/>.</summary>
    public TimeSpan Window { get; }

    /// <summary>The window in microseconds.</summary>
    public long WindowMicroseconds => Window.Ticks / TimeSpan.TicksPerMicrosecond;

    public override TimeSpan LongestWindow => Window;

    /// <summary>
    /// The unit of time, in microseconds: 1, or 1000 where products of permits and time would otherwise exceed 2^53.
    /// </summary>
    public long Tick => IsExactAt(1) ? 1 : CoarseTick;

    /// <summary>
    /// Whether the arithmetic stays within exact integers. If not, the limit cannot be enforced exactly and must be rejected.
    /// </summary>
    public bool IsExact => IsExactAt(CoarseTick);

    /// <summary>The most permits that its arithmetic can multiply by the window.</summary>
    private protected long MostFactor =>
        Math.Min(MaxPermits, MaxExactInteger / (WindowMicroseconds / CoarseTick));

    /// <summary>The greatest number of permits that its arithmetic multiplies by the window; 0 when it does not.</summary>
    protected abstract long GreatestFactor { get; }

    /// <param name="name">Its name.</param>
    /// <param name="algorithm">How permits are counted in a window.</param>
    /// <param name="permits">0 to <see cref="Limit.MaxPermits"/>.</param>
    /// <param name="window">Whole seconds, 1 to <see cref="Limit.MaxWindowSeconds"/>.</param>
    /// <param name="burst">The capacity of a bucket; null for the algorithm's default. Windows ignore it.</param>
    public static RateLimit Create(
        string name,
        Algorithm algorithm,
        long permits,
        TimeSpan window,
        long? burst = null
    ) =>
        algorithm switch
        {
            Algorithm.FixedWindow or Algorithm.SlidingWindow or Algorithm.SlidingLog =>
                new WindowLimit(name, algorithm, permits, window),
            Algorithm.TokenBucket or Algorithm.LeakyBucket => new BucketLimit(
                name,
                algorithm,
                permits,
                window,
                burst
            ),
            _ => throw new ArgumentOutOfRangeException(nameof(algorithm)),
        };

    private bool IsExactAt(long tick) =>
        (Int128)GreatestFactor * (WindowMicroseconds / tick) <= MaxExactInteger;
}
