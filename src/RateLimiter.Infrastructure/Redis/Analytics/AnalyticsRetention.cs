using RateLimiter.Application.Analytics;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>How long counts are kept: when their keys expire, and which of them may still exist.</summary>
internal sealed class AnalyticsRetention(AnalyticsOptions options, TimeProvider time)
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>How far ahead the store's clock, by which checks are counted, may be.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromDays(1);

    /// <summary>When the counts of the minutes of an hour expire.</summary>
    public DateTimeOffset EndOfMinutes(long hour) => EndOfHour(hour) + options.MinuteRetention;

    /// <summary>When the counts of the hours of a day expire.</summary>
    public DateTimeOffset EndOfHours(long day) =>
        DateTimeOffset.UnixEpoch + (day + 1) * Day + options.HourRetention;

    /// <summary>When the counts of the users of an hour expire.</summary>
    public DateTimeOffset EndOfUsers(long hour) => EndOfHour(hour) + options.UserRetention;

    public bool IsOver(DateTimeOffset end) => end <= time.GetUtcNow();

    /// <summary>The finest buckets that are kept for the whole of a span.</summary>
    public BucketSize FinestFor(AnalyticsSpan span) =>
        span.From >= time.GetUtcNow() - options.MinuteRetention
            ? BucketSize.Minute
            : BucketSize.Hour;

    /// <summary>Restricts a range to the buckets that may still be kept.</summary>
    public BucketRange Restrict(BucketRange range, BucketSize bucket) =>
        bucket == BucketSize.Minute
            ? Restrict(range, options.MinuteRetention, Hour, bucket)
            : Restrict(range, options.HourRetention, Day, bucket);

    /// <summary>Restricts a range to the hours whose users may still be kept.</summary>
    public BucketRange RestrictUsers(BucketRange hours) =>
        Restrict(hours, options.UserRetention, Hour, BucketSize.Hour);

    // A key lives as long as the last of its buckets.
    private BucketRange Restrict(
        BucketRange range,
        TimeSpan retention,
        TimeSpan key,
        BucketSize bucket
    )
    {
        var now = time.GetUtcNow();
        return range.Intersect(
            BucketRange.Of(new AnalyticsSpan(now - retention - key, now + Ahead), bucket)
        );
    }

    private static DateTimeOffset EndOfHour(long hour) =>
        DateTimeOffset.UnixEpoch + (hour + 1) * Hour;
}
