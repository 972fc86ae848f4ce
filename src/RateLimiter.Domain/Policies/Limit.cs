using System.Security.Cryptography;

namespace RateLimiter.Domain.Policies;

/// <summary>How permits are counted.</summary>
public enum Algorithm
{
    /// <summary>A counter that starts at the first permit and is discarded when its window ends.</summary>
    FixedWindow,

    /// <summary>
    /// Two counters in windows aligned to the clock; the previous one is weighted by the fraction of it that still lies within
    /// one window.
    /// </summary>
    SlidingWindow,

    /// <summary>Exact: every permit counts for one window after it was taken. For at most 10,000 permits.</summary>
    SlidingLog,

    /// <summary>
    /// A bucket of <c>burst</c> permits (default: the limit) that is replenished evenly by the limit per window.
    /// </summary>
    TokenBucket,

    /// <summary>A token bucket with a burst of 1 by default, which spaces permits evenly.</summary>
    LeakyBucket,
}

/// <summary>A number of permits per window.</summary>
public sealed record Limit
{
    public const string DefaultName = "default";
    public const int MaxNameLength = 64;
    public const long MaxPermits = 1_000_000_000;
    public const int MaxWindowSeconds = 31_536_000;

    /// <summary>The most permits of a <see cref="Algorithm.SlidingLog"/>, which stores an entry for each.</summary>
    public const long MaxLoggedPermits = 10_000;

    // Numbers in Redis scripts are doubles, which are exact integers up to 2^53.
    private const long MaxExactInteger = 1L << 53;
    private const long CoarseTick = 1000;

    /// <param name="name">What the caller sees in <c>violated</c> and in the RateLimit headers.</param>
    /// <param name="algorithm">How permits are counted.</param>
    /// <param name="permits">0 to <see cref="MaxPermits"/>; 0 blocks everything.</param>
    /// <param name="window">Whole seconds, 1 to <see cref="MaxWindowSeconds"/>.</param>
    /// <param name="burst">
    /// The capacity of a bucket, 1 to <see cref="MaxPermits"/>; null for the algorithm's default. Other algorithms ignore it.
    /// </param>
    public Limit(
        string name,
        Algorithm algorithm,
        long permits,
        TimeSpan window,
        long? burst = null
    )
    {
        Name = name;
        Algorithm = algorithm;
        Permits = permits;
        Window = window;
        Burst = burst;
    }

    public string Name { get; }

    public Algorithm Algorithm { get; }

    public long Permits { get; }

    public TimeSpan Window { get; }

    /// <summary>The capacity of the bucket as its owner gave it.</summary>
    public long? Burst { get; }

    /// <summary>
    /// The most permits that can be available at once; 0 when the limit is 0, however large the bucket is, because it is never
    /// replenished.
    /// </summary>
    public long Capacity =>
        Algorithm switch
        {
            _ when Permits == 0 => 0,
            Algorithm.TokenBucket => Burst ?? Permits,
            Algorithm.LeakyBucket => Burst ?? 1,
            _ => Permits,
        };

    /// <summary>The window in microseconds.</summary>
    public long WindowMicroseconds => Window.Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>
    /// The unit of time, in microseconds: 1, or 1000 where products of permits and time would otherwise exceed 2^53.
    /// </summary>
    public long Tick => IsExactAt(1) ? 1 : CoarseTick;

    /// <summary>
    /// Whether the arithmetic stays within exact integers. If not, the limit cannot be enforced exactly and must be rejected.
    /// </summary>
    public bool IsExact => IsExactAt(CoarseTick);

    /// <summary>
    /// Part of the names of this limit's counters. A new epoch resets all of them without a search for the old ones, which
    /// expire by themselves. 65 random bits.
    /// </summary>
    public string Epoch { get; init; } = NewEpoch();

    public static bool IsBucket(Algorithm algorithm) =>
        algorithm is Algorithm.TokenBucket or Algorithm.LeakyBucket;

    /// <summary>The same limit with new, unused counters.</summary>
    internal Limit WithNewEpoch() => this with { Epoch = NewEpoch() };

    /// <summary>Whether both limits are equal except for their epoch.</summary>
    internal bool IsEquivalentTo(Limit other) => this with { Epoch = other.Epoch } == other;

    /// <summary>Keeps the counters of an earlier version of this limit, where they are still meaningful.</summary>
    internal Limit Continue(IEnumerable<Limit> earlier)
    {
        // The debt of a bucket can be converted to any window; counts in one window have no meaning in another.
        var counted = earlier.FirstOrDefault(limit =>
            limit.Name == Name
            && limit.Algorithm == Algorithm
            && (limit.Window == Window || IsBucket(Algorithm))
        );
        return counted is null ? this : this with { Epoch = counted.Epoch };
    }

    private bool IsExactAt(long tick) =>
        Algorithm is Algorithm.FixedWindow or Algorithm.SlidingLog
        || (Int128)Math.Max(Permits, Capacity) * (WindowMicroseconds / tick) <= MaxExactInteger;

    private static string NewEpoch() =>
        RandomNumberGenerator.GetString(
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            11
        );
}
