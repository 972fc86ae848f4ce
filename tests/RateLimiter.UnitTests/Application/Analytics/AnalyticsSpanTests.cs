using System.Globalization;
using RateLimiter.Application.Analytics;

namespace RateLimiter.UnitTests.Application.Analytics;

public sealed class AnalyticsSpanTests
{
    [TestCase("04:05:00", "04:06:00", BucketSize.Minute, "04:05:00", "04:06:00", 1)]
    [TestCase("04:05:59", "04:06:01", BucketSize.Minute, "04:05:00", "04:07:00", 2)]
    [TestCase("04:05:01", "04:05:02", BucketSize.Minute, "04:05:00", "04:06:00", 1)]
    [TestCase("04:05:00", "05:00:00", BucketSize.Hour, "04:00:00", "05:00:00", 1)]
    [TestCase("04:59:59", "05:00:01", BucketSize.Hour, "04:00:00", "06:00:00", 2)]
    public void RoundTo_Span_IsTheWholeBucketsThatItTouches(
        string from,
        string to,
        BucketSize bucket,
        string wholeFrom,
        string wholeTo,
        int count
    )
    {
        var span = new AnalyticsSpan(At(from), At(to));

        Assert.That(
            span.RoundTo(bucket),
            Is.EqualTo(new AnalyticsSpan(At(wholeFrom), At(wholeTo)))
        );
        Assert.That(span.CountOf(bucket), Is.EqualTo(count));
    }

    [Test]
    public void RoundTo_TimesWithAnOffset_IsUtc()
    {
        var here = TestData.Moment.ToOffset(TimeSpan.FromMinutes(45));

        var whole = new AnalyticsSpan(here, here).RoundTo(BucketSize.Hour);

        Assert.That(whole.From.Offset, Is.EqualTo(TimeSpan.Zero));
        Assert.That(whole.From, Is.EqualTo(At("04:00:00")));
    }

    [TestCase(BucketSize.Minute)]
    [TestCase(BucketSize.Hour)]
    public void RoundTo_AllOfTime_StaysWithinIt(BucketSize bucket)
    {
        var whole = new AnalyticsSpan(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);

        Assert.That(whole.RoundTo(bucket), Is.EqualTo(whole));
        Assert.That(whole.CountOf(bucket), Is.GreaterThan(80_000_000));
    }

    private static DateTimeOffset At(string time) =>
        DateTimeOffset.Parse($"2026-02-03T{time}Z", CultureInfo.InvariantCulture);
}
