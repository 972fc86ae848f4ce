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
/// A number of permits. Its kinds are a closed set: <see cref="RateLimit"/> (<see cref="WindowLimit"/> and
/// <see cref="BucketLimit"/>), <see cref="CalendarLimit"/> and <see cref="ConcurrencyLimit"/>.
/// </summary>
public abstract record Limit
{
    public const string DefaultName = "default";
    public const int MaxNameLength = 64;
    public const long MaxPermits = 1_000_000_000;
    public const int MaxWindowSeconds = 31_536_000;

    /// <summary>The most permits of a <see cref="Algorithm.SlidingLog"/>, which stores an entry for each.</summary>
    public const long MaxLoggedPermits = 10_000;

    private protected Limit(string name, Algorithm algorithm, long permits)
    {
        Name = name;
        Algorithm = algorithm;
        Permits = permits;
    }

    /// <summary>What the caller sees in <c>violated</c> and in the RateLimit headers.</summary>
    public string Name { get; }

    /// <summary>How permits are counted.</summary>
    public Algorithm Algorithm { get; }

    /// <summary>0 to <see cref="MaxPermits"/>; 0 blocks everything.</summary>
    public long Permits { get; private protected init; }

    /// <summary>The subjects whose counter it has.</summary>
    public SubjectNames Per { get; init; } = SubjectNames.UserOnly;

    /// <summary>What it does with a check that does not name all of them.</summary>
    public MissingSubjects WhenMissing { get; init; }

    /// <summary>The most permits that can be available at once.</summary>
    public abstract long Capacity { get; }

    /// <summary>The most permits with which the algorithm keeps the limit exactly.</summary>
    protected virtual long MostPermits => MaxPermits;

    /// <summary>The longest time for which a permit counts.</summary>
    public abstract TimeSpan LongestWindow { get; }

    /// <summary>
    /// Part of the names of this limit's counters. A new epoch resets all of them without a search for the old ones, which
    /// expire by themselves. 65 random bits.
    /// </summary>
    public string Epoch { get; init; } = NewEpoch();

    public static bool IsBucket(Algorithm algorithm) =>
        algorithm is Algorithm.TokenBucket or Algorithm.LeakyBucket;

    /// <summary>
    /// The same limit, with the same counters, of another number of permits, or of the most that the algorithm can keep exactly.
    /// </summary>
    internal virtual Limit WithPermits(long permits) =>
        this with
        {
            Permits = Math.Min(permits, MostPermits),
        };

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

    private static string NewEpoch() =>
        RandomNumberGenerator.GetString(
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            11
        );
}
