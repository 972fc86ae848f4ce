using System.Security.Cryptography;

namespace RateLimiter.Domain.Policies;

/// <summary>What a limit does with a check that does not name all of its subjects.</summary>
public enum MissingSubjects
{
    /// <summary>The check is refused as a bad request.</summary>
    Reject,

    /// <summary>The limit is not asked.</summary>
    Skip,
}

/// <summary>
/// A number of permits per window. Its kinds are a closed set: <see cref="WindowLimit"/> and <see cref="BucketLimit"/>.
/// </summary>
public abstract record Limit
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

    private protected Limit(string name, Algorithm algorithm, long permits, TimeSpan window)
    {
        Name = name;
        Algorithm = algorithm;
        Permits = permits;
        Window = window;
    }

    /// <summary>What the caller sees in <c>violated</c> and in the RateLimit headers.</summary>
    public string Name { get; }

    /// <summary>How permits are counted.</summary>
    public Algorithm Algorithm { get; }

    /// <summary>0 to <see cref="MaxPermits"/>; 0 blocks everything.</summary>
    public long Permits { get; }

    /// <summary>Whole seconds, 1 to <see cref="MaxWindowSeconds"/>.</summary>
    public TimeSpan Window { get; }

    /// <summary>The subjects whose counter it has.</summary>
    public SubjectNames Per { get; init; } = SubjectNames.UserOnly;

    /// <summary>What it does with a check that does not name all of them.</summary>
    public MissingSubjects WhenMissing { get; init; }

    /// <summary>The most permits that can be available at once.</summary>
    public abstract long Capacity { get; }

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

    /// <summary>The greatest number of permits that its arithmetic multiplies by the window; 0 when it does not.</summary>
    protected abstract long GreatestFactor { get; }

    /// <param name="name">Its name.</param>
    /// <param name="algorithm">How permits are counted, which determines the kind.</param>
    /// <param name="permits">0 to <see cref="MaxPermits"/>.</param>
    /// <param name="window">Whole seconds, 1 to <see cref="MaxWindowSeconds"/>.</param>
    /// <param name="burst">The capacity of a bucket; null for the algorithm's default. Other kinds ignore it.</param>
    public static Limit Create(
        string name,
        Algorithm algorithm,
        long permits,
        TimeSpan window,
        long? burst = null
    ) =>
        IsBucket(algorithm)
            ? new BucketLimit(name, algorithm, permits, window, burst)
            : new WindowLimit(name, algorithm, permits, window);

    public static bool IsBucket(Algorithm algorithm) =>
        algorithm is Algorithm.TokenBucket or Algorithm.LeakyBucket;

    /// <summary>The same limit with new, unused counters.</summary>
    internal Limit WithNewEpoch() => this with { Epoch = NewEpoch() };

    /// <summary>Whether both limits are equal except for their epoch.</summary>
    internal bool IsEquivalentTo(Limit other) => this with { Epoch = other.Epoch } == other;

    /// <summary>Whether the counters of an earlier version of this limit are still meaningful.</summary>
    internal bool Continues(Limit earlier) =>
        earlier.Name == Name
        && earlier.Algorithm == Algorithm
        && earlier.Per.Equals(Per)
        && KeepsCountersOf(earlier);

    /// <inheritdoc cref="Continues"/>
    /// <param name="earlier">A limit of the same name, algorithm and subjects.</param>
    protected abstract bool KeepsCountersOf(Limit earlier);

    private bool IsExactAt(long tick) =>
        (Int128)GreatestFactor * (WindowMicroseconds / tick) <= MaxExactInteger;

    private static string NewEpoch() =>
        RandomNumberGenerator.GetString(
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            11
        );
}
