using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Checks;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Checks;

public sealed class CheckWorkTests
{
    [TestCase(Algorithm.FixedWindow, Limit.MaxPermits, 1)]
    [TestCase(Algorithm.SlidingWindow, 1_000_000, 1)]
    [TestCase(Algorithm.TokenBucket, 1_000_000, 1)]
    [TestCase(Algorithm.LeakyBucket, 1_000_000, 1)]
    [TestCase(Algorithm.SlidingLog, 100, 1)]
    [TestCase(Algorithm.SlidingLog, Limit.MaxLoggedPermits, 7)]
    public void Of_ALimit_IsWhatWasMeasured(Algorithm algorithm, long permits, int work) =>
        Assert.That(
            CheckWork.Of([TestData.Limit(permits: permits, algorithm: algorithm)]),
            Is.EqualTo(work)
        );

    [Test]
    public void Of_TheMostThatAPolicyCanBe_FitsIntoACall() =>
        Assert.That(
            CheckWork.Of([
                .. Enumerable
                    .Range(0, PolicyDefinition.MaxLimits)
                    .Select(i =>
                        TestData.Limit(
                            $"{i}",
                            Limit.MaxLoggedPermits,
                            algorithm: Algorithm.SlidingLog
                        )
                    ),
            ]),
            Is.AtMost(CheckWork.MaxPerCall)
        );
}
