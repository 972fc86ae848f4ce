using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Domain.Policies;

public sealed class LimitTests
{
    private const int Year = 31_536_000;

    [TestCase(Algorithm.FixedWindow, null, 10)]
    [TestCase(Algorithm.FixedWindow, 3, 10)]
    [TestCase(Algorithm.SlidingWindow, null, 10)]
    [TestCase(Algorithm.SlidingWindow, 3, 10)]
    [TestCase(Algorithm.SlidingLog, null, 10)]
    [TestCase(Algorithm.SlidingLog, 3, 10)]
    [TestCase(Algorithm.TokenBucket, null, 10)]
    [TestCase(Algorithm.TokenBucket, 3, 3)]
    [TestCase(Algorithm.TokenBucket, 20, 20)]
    [TestCase(Algorithm.LeakyBucket, null, 1)]
    [TestCase(Algorithm.LeakyBucket, 3, 3)]
    [TestCase(Algorithm.LeakyBucket, 20, 20)]
    [TestCase(Algorithm.Calendar, null, 10)]
    public void Capacity_OfTenPermits_IsWhatCanBeTakenAtOnce(
        Algorithm algorithm,
        long? burst,
        long capacity
    )
    {
        var limit = TestData.Limit("default", 10, 60, algorithm, burst);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(limit.Capacity, Is.EqualTo(capacity));
            Assert.That(
                (limit as BucketLimit)?.Burst,
                Is.EqualTo(Limit.IsBucket(algorithm) ? burst : null)
            );
        }
    }

    [Test]
    public void Capacity_NoPermits_IsNone(
        [Values] Algorithm algorithm,
        [Values(null, 20L)] long? burst
    ) => Assert.That(TestData.Limit("default", 0, 60, algorithm, burst).Capacity, Is.Zero);

    [TestCase(Algorithm.FixedWindow, false)]
    [TestCase(Algorithm.SlidingWindow, false)]
    [TestCase(Algorithm.SlidingLog, false)]
    [TestCase(Algorithm.TokenBucket, true)]
    [TestCase(Algorithm.LeakyBucket, true)]
    [TestCase(Algorithm.Calendar, false)]
    [TestCase(Algorithm.Concurrency, false)]
    public void IsBucket_Algorithm_IsWhetherItHasABurst(Algorithm algorithm, bool expected) =>
        Assert.That(Limit.IsBucket(algorithm), Is.EqualTo(expected));

    // 2^53 is 9,007,199,254,740,992. In microseconds, 10 seconds are 10^7 and an hour 3.6 · 10^9.
    [TestCase(900_719_925, 10, 1)]
    [TestCase(900_719_926, 10, 1000)]
    [TestCase(2_501_999, 3_600, 1)]
    [TestCase(2_502_000, 3_600, 1000)]
    [TestCase(1_000_000_000, 9, 1)]
    [TestCase(1_000_000_000, 10, 1000)]
    public void Tick_PermitsTimesWindow_IsAMillisecondWhereMicrosecondsPass2To53(
        long permits,
        int windowSeconds,
        long tick
    )
    {
        var ticks = Weighing()
            .Select(algorithm =>
                TestData.RateLimit("default", permits, windowSeconds, algorithm).Tick
            );

        Assert.That(ticks, Is.All.EqualTo(tick));
    }

    // In milliseconds, a year is 3.1536 · 10^10, so that 285,616 permits of it are 9,007,186,176,000,000.
    [TestCase(285_616, Year, true)]
    [TestCase(285_617, Year, false)]
    [TestCase(1_000_000_000, 9_007, true)]
    [TestCase(1_000_000_000, 9_008, false)]
    public void IsExact_PermitsTimesWindow_IsFalseWhereMillisecondsPass2To53(
        long permits,
        int windowSeconds,
        bool expected
    )
    {
        var exact = Weighing()
            .Select(algorithm =>
                TestData.RateLimit("default", permits, windowSeconds, algorithm).IsExact
            );

        Assert.That(exact, Is.All.EqualTo(expected));
    }

    [TestCase(Algorithm.TokenBucket, 285_616, true)]
    [TestCase(Algorithm.TokenBucket, 285_617, false)]
    [TestCase(Algorithm.LeakyBucket, 285_616, true)]
    [TestCase(Algorithm.LeakyBucket, 285_617, false)]
    [TestCase(Algorithm.SlidingWindow, 285_617, true)]
    public void IsExact_BurstGreaterThanTheLimit_CountsForBuckets(
        Algorithm algorithm,
        long burst,
        bool expected
    ) =>
        Assert.That(
            TestData.RateLimit("default", 1, Year, algorithm, burst).IsExact,
            Is.EqualTo(expected)
        );

    [Test]
    public void IsExact_BurstSmallerThanTheLimit_DoesNotHelp() =>
        Assert.That(
            TestData.RateLimit("default", 285_617, Year, Algorithm.TokenBucket, burst: 1).IsExact,
            Is.False
        );

    [TestCase(Algorithm.FixedWindow)]
    [TestCase(Algorithm.SlidingLog)]
    public void IsExact_NothingIsMultiplied_IsAlwaysInMicroseconds(Algorithm algorithm)
    {
        var limit = TestData.RateLimit("default", Limit.MaxPermits, Year, algorithm);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(limit.IsExact, Is.True);
            Assert.That(limit.Tick, Is.EqualTo(1));
        }
    }

    [TestCase(1, 1_000_000)]
    [TestCase(Year, 31_536_000_000_000)]
    public void WindowMicroseconds_Window_IsTheSame(int seconds, long microseconds) =>
        Assert.That(
            TestData.RateLimit(windowSeconds: seconds).WindowMicroseconds,
            Is.EqualTo(microseconds)
        );

    [Test]
    public void Epoch_OfEachLimit_IsAnotherOfElevenLettersAndDigits()
    {
        var epochs = Enumerable.Range(0, 1_000).Select(_ => TestData.Limit().Epoch).ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(epochs, Is.Unique);
            Assert.That(epochs, Is.All.Matches("^[0-9A-Za-z]{11}$"));
        }
    }

    private static IEnumerable<Algorithm> Weighing() =>
        [Algorithm.SlidingWindow, Algorithm.TokenBucket, Algorithm.LeakyBucket];
}
