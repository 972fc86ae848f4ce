using RateLimiter.Application.Analytics;
using RateLimiter.Infrastructure.Redis.Analytics;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Analytics;

public sealed class BucketRangeTests
{
    [TestCase(BucketSize.Minute, 60, 123)]
    [TestCase(BucketSize.Hour, 1, 3)]
    public void Of_Span_IsEveryBucketThatItOverlaps(BucketSize size, long from, long to) =>
        Assert.That(
            BucketRange.Of(
                new AnalyticsSpan(
                    DateTimeOffset.UnixEpoch.AddMinutes(60).AddSeconds(1),
                    DateTimeOffset.UnixEpoch.AddMinutes(122).AddSeconds(1)
                ),
                size
            ),
            Is.EqualTo(new BucketRange(from, to))
        );

    [TestCase(50, 130, 50, 60, 1, 2, 120, 130)]
    [TestCase(60, 180, 60, 60, 1, 3, 180, 180)]
    [TestCase(59, 121, 59, 60, 1, 2, 120, 121)]
    [TestCase(50, 110, 50, 110, 0, 0, 0, 0, TestName = "SplitBy_NoLargerBucketFits_IsAllBefore")]
    public void SplitBy_Range_IsTheLargerBucketsAndTheRest(
        long from,
        long to,
        long beforeFrom,
        long beforeTo,
        long first,
        long last,
        long afterFrom,
        long afterTo
    ) =>
        Assert.That(
            new BucketRange(from, to).SplitBy(60),
            Is.EqualTo(
                (
                    new BucketRange(beforeFrom, beforeTo),
                    new BucketRange(first, last),
                    new BucketRange(afterFrom, afterTo)
                )
            )
        );

    [TestCase(4, false)]
    [TestCase(5, true)]
    [TestCase(7, true)]
    [TestCase(8, false)]
    public void Contains_Bucket_EndsBeforeTheEnd(long bucket, bool expected) =>
        Assert.That(new BucketRange(5, 8).Contains(bucket), Is.EqualTo(expected));

    [Test]
    public void Intersect_RangesApart_HasNoBuckets() =>
        Assert.That(new BucketRange(5, 8).Intersect(new BucketRange(9, 12)).ToNumbers(), Is.Empty);

    [Test]
    public void KeyedBuckets_RangeOverThreeKeys_IsCutAtTheirEnds() =>
        Assert.That(
            KeyedBuckets.Of(new BucketRange(50, 130), 60, number => $"{number}"),
            Is.EqualTo([
                new KeyedBuckets("0", 0, new BucketRange(50, 60)),
                new KeyedBuckets("1", 60, new BucketRange(60, 120)),
                new KeyedBuckets("2", 120, new BucketRange(120, 130)),
            ])
        );
}
