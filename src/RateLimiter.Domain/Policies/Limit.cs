using System.Security.Cryptography;

namespace RateLimiter.Domain.Policies;

/// <summary>How permits are counted.</summary>
public enum Algorithm
{
    /// <summary>A counter that starts at the first permit and is forgotten when its window ends.</summary>
    FixedWindow,

    /// <summary>
    /// Two counters in windows aligned to the clock; the one before weighs as much as of it still lies within a window.
    /// </summary>
    SlidingWindow,

    /// <summary>Exact: every permit counts for one window after it was taken. For at most 10,000 permits.</summary>
    SlidingLog,

    /// <summary>A bucket of <c>burst</c> permits (default: the limit) that fills by limit per window, evenly.</summary>
    TokenBucket,

    /// <summary>The same with a burst of 1 by default: permits come evenly paced.</summary>
    LeakyBucket,
}

/// <summary>So many permits in such a window.</summary>
public sealed record Limit
{
    public const string DefaultName = "default";
    public const int MaxNameLength = 64;
    public const long MaxPermits = 1_000_000_000;
    public const int MaxWindowSeconds = 31_536_000;

    /// <summary>The most permits of a <see cref="Algorithm.SlidingLog"/>, which keeps an entry for each.</summary>
    public const long MaxLoggedPermits = 10_000;

    // Numbers in Redis scripts are doubles, whole up to here.
    private const long MaxExactInteger = 1L << 53;
    private const long CoarseTick = 1000;

    /// <param name="name">What the caller sees in <c>violated</c> and in the RateLimit headers.</param>
    /// <param name="algorithm">How permits are counted.</param>
    /// <param name="permits">0 to <see cref="MaxPermits"/>; 0 blocks everything.</param>
    /// <param name="window">Whole seconds, 1 to <see cref="MaxWindowSeconds"/>.</param>
    /// <param name="burst">
    /// The size of a bucket, 1 to <see cref="MaxPermits"/>; null for the algorithm's default. Nothing to other algorithms.
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

    /// <summary>The size of the bucket as its owner gave it.</summary>
    public long? Burst { get; }

    /// <summary>The most permits that can be there at once; none where none flow in, however large the bucket is.</summary>
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
    /// The unit, in microseconds, in which time is reckoned: 1, or 1000 where products of permits and time would
    /// otherwise pass 2^53.
    /// </summary>
    public long Tick => IsExactAt(1) ? 1 : CoarseTick;

    /// <summary>
    /// Whether the arithmetic stays whole. If not, the limit cannot be kept exactly and must be refused.
    /// </summary>
    public bool IsExact => IsExactAt(CoarseTick);

    /// <summary>
    /// Part of the names of this limit's counters. A new epoch starts them all afresh without a search for the old
    /// ones, which run out by themselves. 65 random bits.
    /// </summary>
    public string Epoch { get; init; } = NewEpoch();

    public static bool IsBucket(Algorithm algorithm) =>
        algorithm is Algorithm.TokenBucket or Algorithm.LeakyBucket;

    /// <summary>The same with counters of its own.</summary>
    internal Limit WithNewEpoch() => this with { Epoch = NewEpoch() };

    /// <summary>Whether it says the same, whichever counters it has.</summary>
    internal bool IsEquivalentTo(Limit other) => this with { Epoch = other.Epoch } == other;

    /// <summary>Takes over the counters of an earlier form of this limit, where they still mean something.</summary>
    internal Limit Continue(IEnumerable<Limit> earlier)
    {
        // What is missing from a bucket can be told for any window; counts in one window say nothing of another.
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
