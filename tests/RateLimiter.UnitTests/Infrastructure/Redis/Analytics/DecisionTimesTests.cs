using RateLimiter.Infrastructure.Redis.Analytics;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Analytics;

public sealed class DecisionTimesTests
{
    [Test]
    public void BucketOf_GrowingTimes_GrowsWithoutAGapUpToTheLast()
    {
        var before = -1;
        for (var ticks = 0L; ticks < 1L << 32; ticks += Math.Max(1, ticks / 64))
        {
            var bucket = DecisionTimes.BucketOf(TimeSpan.FromTicks(ticks));
            Assert.That(bucket, Is.InRange(before, before + 1));
            before = bucket;
        }

        Assert.That(before, Is.EqualTo(DecisionTimes.Count - 1));
    }

    [Test]
    public void MiddleOf_BucketOfAnyTime_IsWithinSevenPercent()
    {
        for (var ticks = 1L; ticks < 1L << 29; ticks += Math.Max(1, ticks / 100))
        {
            var middle = DecisionTimes.MiddleOf(DecisionTimes.BucketOf(TimeSpan.FromTicks(ticks)));
            Assert.That((double)middle.Ticks, Is.EqualTo(ticks).Within(7).Percent);
        }
    }

    [TestCase(-1, 0)]
    [TestCase(0, 0)]
    [TestCase(long.MaxValue, DecisionTimes.Count - 1)]
    public void BucketOf_TimesBeyondAny_IsTheNearest(long ticks, int bucket) =>
        Assert.That(DecisionTimes.BucketOf(TimeSpan.FromTicks(ticks)), Is.EqualTo(bucket));

    [TestCase(50)]
    [TestCase(99)]
    [TestCase(100)]
    public void Percentile_ManyTimes_IsWithinSevenPercentOfTheExactOne(int percent)
    {
        var random = new Random(1);
        var times = Enumerable
            .Range(0, 10_000)
            .Select(_ => TimeSpan.FromMilliseconds(0.05 * Math.Exp(random.NextDouble() * 8)))
            .Order()
            .ToList();
        var counts = new long[DecisionTimes.Count];
        foreach (var time in times)
        {
            counts[DecisionTimes.BucketOf(time)]++;
        }

        var exact = times[times.Count * percent / 100 - 1];
        Assert.That(
            DecisionTimes.Percentile(counts, percent)!.Value.TotalMilliseconds,
            Is.EqualTo(exact.TotalMilliseconds).Within(7).Percent
        );
    }

    [Test]
    public void Percentile_OneTime_IsItForEveryPercentage()
    {
        var counts = new long[DecisionTimes.Count];
        counts[5] = 1;

        Assert.That(DecisionTimes.Percentile(counts, 50), Is.EqualTo(TimeSpan.FromTicks(5)));
        Assert.That(DecisionTimes.Percentile(counts, 99), Is.EqualTo(TimeSpan.FromTicks(5)));
    }

    [Test]
    public void Percentile_NoTimes_IsNull() =>
        Assert.That(DecisionTimes.Percentile(new long[DecisionTimes.Count], 99), Is.Null);
}
