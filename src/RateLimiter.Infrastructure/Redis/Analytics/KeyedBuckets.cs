using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>A range of buckets within one key.</summary>
/// <param name="Key">The key.</param>
/// <param name="Start">The first bucket that the key can contain.</param>
/// <param name="Range">The range.</param>
internal sealed record KeyedBuckets(RedisKey Key, long Start, BucketRange Range)
{
    /// <summary>The keys of a range, each with its part of the range.</summary>
    /// <param name="range">The range.</param>
    /// <param name="size">The number of buckets that a key can contain.</param>
    /// <param name="keyOf">The key, by its number since 1970.</param>
    public static IEnumerable<KeyedBuckets> Of(
        BucketRange range,
        int size,
        Func<long, RedisKey> keyOf
    )
    {
        for (var at = range.From / size; at * size < range.To; at++)
        {
            yield return new KeyedBuckets(
                keyOf(at),
                at * size,
                range.Intersect(new BucketRange(at * size, (at + 1) * size))
            );
        }
    }
}
