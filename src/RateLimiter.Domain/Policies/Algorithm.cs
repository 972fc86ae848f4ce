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

    /// <summary>
    /// A counter for each period of a calendar, such as a month in a time zone, which is discarded when the period ends.
    /// </summary>
    Calendar,

    /// <summary>
    /// The slots of reservations that are open at once. They come back when a reservation is settled or expires.
    /// </summary>
    Concurrency,
}

/// <summary>Lists of algorithms.</summary>
public static class Algorithms
{
    /// <summary>Those of limits that a check can ask. All limits can be asked for a reservation.</summary>
    public static IReadOnlyList<Algorithm> OfChecks { get; } =
    [.. Enum.GetValues<Algorithm>().Where(algorithm => algorithm != Algorithm.Concurrency)];
}
