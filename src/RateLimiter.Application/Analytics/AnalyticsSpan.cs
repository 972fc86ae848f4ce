namespace RateLimiter.Application.Analytics;

/// <param name="From">The start; the bucket that contains it counts in full.</param>
/// <param name="To">The end, exclusive; a bucket that begins then or later does not count.</param>
public readonly record struct AnalyticsSpan(DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>The span rounded outwards to whole buckets, UTC.</summary>
    public AnalyticsSpan RoundTo(BucketSize bucket)
    {
        var size = bucket.Length().Ticks;
        // The end of the last bucket is capped at the latest representable time.
        var end = (To.UtcTicks + size - 1) / size * size;
        return new AnalyticsSpan(
            new DateTimeOffset(From.UtcTicks / size * size, TimeSpan.Zero),
            new DateTimeOffset(Math.Min(end, DateTimeOffset.MaxValue.UtcTicks), TimeSpan.Zero)
        );
    }

    /// <summary>The number of buckets that overlap the span.</summary>
    public long CountOf(BucketSize bucket)
    {
        var whole = RoundTo(bucket);
        return (long)Math.Ceiling((whole.To - whole.From) / bucket.Length());
    }
}

/// <summary>Spans of time as callers name them, with ends that may be missing.</summary>
public sealed class AnalyticsSpans(TimeProvider time)
{
    /// <param name="from">From when on; null for so long before the end.</param>
    /// <param name="to">Until when; null for now.</param>
    /// <param name="length">How long before the end it begins, without <paramref name="from"/>.</param>
    public AnalyticsSpan Of(DateTimeOffset? from, DateTimeOffset? to, TimeSpan length)
    {
        var end = to ?? time.GetUtcNow();
        return new AnalyticsSpan(
            from
                ?? (
                    end - DateTimeOffset.MinValue > length ? end - length : DateTimeOffset.MinValue
                ),
            end
        );
    }
}

/// <summary>The length of a bucket.</summary>
public enum BucketSize
{
    Minute,
    Hour,
}

public static class BucketSizes
{
    public static TimeSpan Length(this BucketSize bucket) =>
        bucket == BucketSize.Minute ? TimeSpan.FromMinutes(1) : TimeSpan.FromHours(1);
}
