namespace RateLimiter.Application.Analytics;

/// <param name="From">From when on; a bucket that it falls into counts in full.</param>
/// <param name="To">Until when; a bucket that begins then or later does not count.</param>
public readonly record struct AnalyticsSpan(DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>The whole buckets that it touches, UTC.</summary>
    public AnalyticsSpan RoundTo(BucketSize bucket)
    {
        var size = bucket.Length().Ticks;
        // The last bucket that there is ends with time itself.
        var end = (To.UtcTicks + size - 1) / size * size;
        return new AnalyticsSpan(
            new DateTimeOffset(From.UtcTicks / size * size, TimeSpan.Zero),
            new DateTimeOffset(Math.Min(end, DateTimeOffset.MaxValue.UtcTicks), TimeSpan.Zero)
        );
    }

    /// <summary>How many buckets it touches.</summary>
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

/// <summary>How long a bucket is.</summary>
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
