using RateLimiter.Application.Analytics;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>Consecutive buckets, by their number since 1970.</summary>
/// <param name="From">The first bucket.</param>
/// <param name="To">The end, exclusive.</param>
internal readonly record struct BucketRange(long From, long To)
{
    public const int MinutesPerHour = 60;
    public const int HoursPerDay = 24;

    /// <summary>The buckets that a span overlaps.</summary>
    public static BucketRange Of(AnalyticsSpan span, BucketSize bucket)
    {
        var whole = span.RoundTo(bucket);
        var size = bucket.Length().Ticks;
        return new BucketRange(
            (whole.From - DateTimeOffset.UnixEpoch).Ticks / size,
            (whole.To - DateTimeOffset.UnixEpoch).Ticks / size
        );
    }

    public bool Contains(long bucket) => bucket >= From && bucket < To;

    /// <summary>The buckets that are in both ranges.</summary>
    public BucketRange Intersect(BucketRange other) =>
        new(Math.Max(From, other.From), Math.Min(To, other.To));

    /// <summary>The larger buckets that are in the range as a whole, and the rest before and after them.</summary>
    /// <param name="size">The number of buckets in a larger one.</param>
    public (BucketRange Before, BucketRange Whole, BucketRange After) SplitBy(int size)
    {
        var (first, last) = ((From + size - 1) / size, To / size);
        return first < last
            ? (
                this with
                {
                    To = first * size,
                },
                new BucketRange(first, last),
                this with
                {
                    From = last * size,
                }
            )
            : (this, default, default);
    }

    public IEnumerable<long> ToNumbers()
    {
        for (var bucket = From; bucket < To; bucket++)
        {
            yield return bucket;
        }
    }
}
