using RateLimiter.Dashboard.Limits;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Dashboard.Limits;

public sealed class AllowanceTests
{
    private static readonly TimeSpan TwoMinutes = TimeSpan.FromMinutes(2);

    // 10 permits per 60 seconds, over two windows; a bucket allows its initial permits plus those that are replenished.
    [TestCase(Algorithm.FixedWindow, null, 10, 20)]
    [TestCase(Algorithm.SlidingLog, null, 10, 20)]
    [TestCase(Algorithm.TokenBucket, null, 10, 29)]
    [TestCase(Algorithm.TokenBucket, 4, 4, 23)]
    [TestCase(Algorithm.LeakyBucket, null, 1, 20)]
    public void Of_ConstantDemand_AllowsAsTheAlgorithmDoes(
        Algorithm algorithm,
        int? burst,
        int atOnce,
        int inAll
    )
    {
        var allowance = Of([TestData.Limit(algorithm: algorithm, burst: burst)], Demand.Constant);

        Assert.That(
            (allowance.Points[0].Allowed, allowance.FiguresBefore(TwoMinutes).Allowed),
            Is.EqualTo(((long)atOnce, (long)inAll))
        );
    }

    [Test]
    public void Of_SlidingWindow_GivesPermitsBackWhileTheWindowBeforeFades()
    {
        var allowance = Of([TestData.Limit(algorithm: Algorithm.SlidingWindow)], Demand.Constant);

        Assert.That(
            (long[])
                [
                    allowance.FiguresAt(TimeSpan.FromSeconds(59)).Allowed,
                    allowance.FiguresAt(TimeSpan.FromSeconds(66)).Allowed,
                    allowance.FiguresAt(TimeSpan.FromSeconds(90)).Allowed,
                ],
            Is.EqualTo((long[])[10, 11, 15])
        );
    }

    [Test]
    public void Of_SteadyDemand_AsksHalfAsOftenAgainAsIsAllowed()
    {
        var allowance = Of([TestData.Limit(algorithm: Algorithm.LeakyBucket)], Demand.Steady);

        var end = allowance.FiguresBefore(TwoMinutes);
        Assert.That((end.Asked, end.Allowed), Is.EqualTo((30L, 15L)));
    }

    [Test]
    public void Of_SeveralLimits_KeepsAllOfThem()
    {
        var allowance = Of(
            [TestData.Limit("second", 3, 1), TestData.Limit("minute", 5, 60)],
            Demand.Constant
        );

        Assert.That(
            (allowance.Points[0].Allowed, allowance.FiguresAt(TimeSpan.FromSeconds(2)).Allowed),
            Is.EqualTo((3L, 5L))
        );
    }

    [Test]
    public void Of_NoPermits_AllowsNothingAndEnds(
        [Values] Demand demand,
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var allowance = Of([TestData.Limit(permits: 0, algorithm: algorithm)], demand);

        Assert.That(allowance.Last.Allowed, Is.Zero);
    }

    // No calendar has a minute.
    private static IEnumerable<Algorithm> Minutely() =>
        Algorithms.OfChecks.Where(algorithm => algorithm != Algorithm.Calendar);

    // The permits of two windows, and for buckets in addition at most their initial permits.
    [Test]
    public void Of_LargeLimit_IsRightWithinAHundredthAndHasFewPoints(
        [Values] Demand demand,
        [ValueSource(nameof(Minutely))] Algorithm algorithm
    )
    {
        var permits = algorithm == Algorithm.SlidingLog ? Limit.MaxLoggedPermits : 1_000_000;
        var limit = TestData.Limit(permits: permits, algorithm: algorithm, burst: Burst(algorithm));

        var allowance = Of([limit], demand);

        Assert.Multiple(() =>
        {
            Assert.That(allowance.Points, Has.Count.LessThanOrEqualTo(302));
            Assert.That(
                allowance.FiguresBefore(TwoMinutes).Allowed,
                Is.EqualTo(2 * permits).Within(permits / 50)
            );
        });
    }

    [Test]
    public void Of_ShortWindowsInALongSpan_AllowsAsMuchAsTheyDo()
    {
        var span = TimeSpan.FromDays(2);

        var allowance = Allowance.Of(
            [TestData.Limit("second", 10, 1), TestData.Limit("day", 100_000_000, 86_400)],
            Demand.Constant,
            span,
            CancellationToken.None
        );

        Assert.That(
            allowance.FiguresBefore(span).Allowed,
            Is.EqualTo(10 * 2 * 86_400).Within(1).Percent
        );
    }

    [Test]
    public void Of_Cancelled_Ends() =>
        Assert.That(
            () =>
                Allowance.Of(
                    [TestData.Limit()],
                    Demand.Constant,
                    TwoMinutes,
                    new CancellationToken(canceled: true)
                ),
            Throws.InstanceOf<OperationCanceledException>()
        );

    private static long? Burst(Algorithm algorithm) => Limit.IsBucket(algorithm) ? 100 : null;

    private static Allowance Of(IReadOnlyList<Limit> limits, Demand demand) =>
        Allowance.Of(limits, demand, TwoMinutes, CancellationToken.None);
}
