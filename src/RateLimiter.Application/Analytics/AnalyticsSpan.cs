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
