using RateLimiter.Dashboard.Limits;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Dashboard.Limits;

public sealed class LimitWordsTests
{
    [Test]
    public void Of_Limit_SaysPermitsWindowAlgorithmAndBurst() =>
        Assert.That(
            LimitWords.Of(
                TestData.Limit(permits: 1000, algorithm: Algorithm.TokenBucket, burst: 50)
            ),
            Is.EqualTo("1,000 per 60 s, token bucket, burst 50")
        );

    [Test]
    public void Of_SingleLimit_LeavesItsNameOut() =>
        Assert.That(
            LimitWords.Of([TestData.Limit(permits: 100, algorithm: Algorithm.SlidingWindow)]),
            Is.EqualTo(["100 per 60 s, sliding window"])
        );

    [Test]
    public void Of_SeveralLimits_SaysWhichIsWhich() =>
        Assert.That(
            LimitWords.Of([TestData.Limit("1s", 3, 1), TestData.Limit("daily", 100, 86_400)]),
            Is.EqualTo(["1s: 3 per 1 s, fixed window", "daily: 100 per 86,400 s, fixed window"])
        );

    [Test]
    public void Of_EveryAlgorithm_HasAName() =>
        Assert.That(
            Enum.GetValues<Algorithm>().Select(LimitWords.Of).Distinct().Count(),
            Is.EqualTo(Enum.GetValues<Algorithm>().Length)
        );

    [TestCase(0, "0 seconds")]
    [TestCase(1, "1 second")]
    [TestCase(59, "59 seconds")]
    [TestCase(60, "1 minute")]
    [TestCase(5400, "1 hour 30 minutes")]
    [TestCase(86_400, "1 day")]
    [TestCase(86_405, "1 day")]
    [TestCase(90_061, "1 day 1 hour")]
    [TestCase(31_536_000, "365 days")]
    public void Duration_Seconds_SaysTheTwoLargestUnits(int seconds, string expected) =>
        Assert.That(LimitWords.Duration(TimeSpan.FromSeconds(seconds)), Is.EqualTo(expected));

    [TestCase(
        Algorithm.FixedWindow,
        null,
        "A user may make 10 requests at once, and again 60 s after the first of them; never more than 19 in any 60 s, around the end of a window."
    )]
    [TestCase(
        Algorithm.SlidingWindow,
        null,
        "A user may make 10 requests at once; when the clock-aligned window ends, permits are replenished once every 6 s over the next window. About 10 in any 60 s: it is an estimate."
    )]
    [TestCase(
        Algorithm.SlidingLog,
        null,
        "A user may make 10 requests at once; each permit is replenished 60 s after it was taken. Never more than 10 in any 60 s."
    )]
    [TestCase(
        Algorithm.TokenBucket,
        null,
        "A user may make 10 requests at once, then once every 6 s; never more than 20 in any 60 s."
    )]
    [TestCase(
        Algorithm.TokenBucket,
        2,
        "A user may make 2 requests at once, then once every 6 s; never more than 12 in any 60 s."
    )]
    [TestCase(
        Algorithm.LeakyBucket,
        null,
        "A user may make 1 request at once, then once every 6 s; never more than 11 in any 60 s."
    )]
    public void Allowance_EachAlgorithm_SaysWhatItAllows(
        Algorithm algorithm,
        int? burst,
        string expected
    ) =>
        Assert.That(
            LimitWords.Allowance(TestData.Limit(algorithm: algorithm, burst: burst)),
            Is.EqualTo(expected)
        );

    [TestCase(600, 60, "10 times a second")]
    [TestCase(90, 60, "1.5 times a second")]
    [TestCase(40, 60, "once every 1.5 s")]
    [TestCase(100, 86_400, "once every 14 minutes 24 seconds")]
    public void Allowance_AnyPace_SaysItInAFittingUnit(int permits, int window, string expected) =>
        Assert.That(
            LimitWords.Allowance(
                TestData.Limit(
                    permits: permits,
                    windowSeconds: window,
                    algorithm: Algorithm.TokenBucket
                )
            ),
            Does.Contain($"then {expected};")
        );

    [Test]
    public void Allowance_NoPermits_DeniesAll() =>
        Assert.That(
            LimitWords.Allowance(TestData.Limit(permits: 0)),
            Is.EqualTo("All requests are denied.")
        );

    [Test]
    public void Allowance_SeveralLimitsOneWithoutPermits_DeniesAll([Values] Algorithm algorithm) =>
        Assert.That(
            LimitWords.Allowance([
                TestData.Limit("1s", 3, 1),
                TestData.Limit("off", 0, 60, algorithm, Limit.IsBucket(algorithm) ? 5 : null),
            ])[0],
            Is.EqualTo("All requests are denied.")
        );

    [Test]
    public void Allowance_SeveralLimits_SaysFirstWhatTheyAllowTogether() =>
        Assert.That(
            LimitWords.Allowance([
                TestData.Limit("1s", 3, 1),
                TestData.Limit("daily", 100, 86_400),
            ])[0],
            Is.EqualTo("All limits apply together: a user may make 3 requests at once.")
        );
}
