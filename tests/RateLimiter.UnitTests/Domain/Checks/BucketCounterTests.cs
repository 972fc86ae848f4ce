using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using static RateLimiter.UnitTests.Domain.Checks.Model;

namespace RateLimiter.UnitTests.Domain.Checks;

public sealed class BucketCounterTests
{
    [TestCase(Algorithm.TokenBucket)]
    [TestCase(Algorithm.LeakyBucket)]
    public void Take_OnePermitASecondAndABurstOfFive_FollowsTheTable(Algorithm algorithm)
    {
        var model = new Model(OneASecond(algorithm: algorithm));

        // Milliseconds, cost → remaining, reset and wait in milliseconds.
        (long At, long Cost, long Remaining, long Reset, long Wait)[] table =
        [
            (0, 6, 5, 0, Never),
            (0, 1, 4, 1_000, 0),
            (0, 1, 3, 2_000, 0),
            (0, 1, 2, 3_000, 0),
            (0, 1, 1, 4_000, 0),
            (0, 1, 0, 5_000, 0),
            (0, 1, 0, 5_000, 1_000),
            (3_000, 1, 2, 3_000, 0),
            (3_100, 1, 1, 3_900, 0),
            (4_000, 1, 1, 4_000, 0),
            (8_000, 1, 4, 1_000, 0),
            (9_500, 1, 4, 1_000, 0),
            (9_500, 0, 4, 1_000, 0),
            (9_500, 2, 2, 3_000, 0),
            (9_500, 5, 2, 3_000, 3_000),
            (15_000, 6, 5, 0, Never),
        ];
        var answers = new List<(long, long, long, long, long)>();
        foreach (var row in table)
        {
            var status = model.Take(row.At * 1_000, row.Cost);
            var wait = status.Wait == Never ? Never : status.Wait / 1_000;
            answers.Add((row.At, row.Cost, status.Remaining, status.Reset / 1_000, wait));
        }

        Assert.That(answers, Is.EqualTo(table));
    }

    [Test]
    public void Take_TokenBucketWithoutABurst_HoldsTheLimit()
    {
        var model = new Model(TestData.Limit(algorithm: Algorithm.TokenBucket));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Take(0, 11).Wait, Is.EqualTo(Never));
            Assert.That(model.Take(0, 10), Is.EqualTo(new LimitStatus(0, 0, 60 * Second, 0)));
            Assert.That(model.Take(0), Is.EqualTo(new LimitStatus(6 * Second, 0, 60 * Second, 10)));
        }
    }

    [Test]
    public void Take_LeakyBucketWithoutABurst_IsEvenlyPaced()
    {
        var model = new Model(TestData.Limit(algorithm: Algorithm.LeakyBucket));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Take(0, 2).Wait, Is.EqualTo(Never));
            Assert.That(model.Take(0), Is.EqualTo(new LimitStatus(0, 0, 6 * Second, 0)));
            Assert.That(model.Take(6 * Second - 1), Is.EqualTo(new LimitStatus(1, 0, 1, 1)));
            Assert.That(model.Take(6 * Second), Is.EqualTo(new LimitStatus(0, 0, 6 * Second, 0)));
        }
    }

    [TestCase(1, 3, 0, 3_333_333, 9_999_999)]
    [TestCase(3_333_333, 3, 0, 1, 6_666_667)]
    [TestCase(3_333_334, 2, 1, 0, 6_666_666)]
    [TestCase(10_000_000, 0, 3, 0, 0)]
    public void Take_PermitsThatDoNotDivideTheWindow_AreNeverGivenTooEarly(
        long at,
        long used,
        long remaining,
        long wait,
        long reset
    )
    {
        var limit = TestData.Limit(permits: 3, windowSeconds: 10, algorithm: Algorithm.TokenBucket);
        var model = new Model(limit);
        model.Take(0, cost: 3);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                model.Take(at, cost: 0),
                Is.EqualTo(new LimitStatus(0, remaining, reset, used))
            );
            Assert.That(model.Take(at).Wait, Is.EqualTo(wait));
        }
    }

    [Test]
    public void Take_IdleForLong_FillsNoMoreThanTheBucket()
    {
        var model = new Model(OneASecond());
        model.Take(0);
        model.Take(100 * Second, cost: 5);

        Assert.That(model.Take(100 * Second).Wait, Is.EqualTo(Second));
    }

    [Test]
    public void Take_WindowChangedLive_MissesAsManyPermitsAsBefore()
    {
        var model = new Model(OneASecond());
        model.Take(0, cost: 5);
        model.Change(TestData.Limit("default", 1, 10, Algorithm.TokenBucket, burst: 5));

        Assert.That(model.Take(0), Is.EqualTo(new LimitStatus(10 * Second, 0, 50 * Second, 5)));
    }

    [Test]
    public void Take_TickChangedLive_MissesAsManyPermitsAsBefore()
    {
        var model = new Model(TestData.Limit(algorithm: Algorithm.TokenBucket));
        model.Take(1, cost: 10);
        model.Change(TestData.Limit(permits: 1_000_000_000, algorithm: Algorithm.TokenBucket));

        Assert.That(
            model.Take(1, cost: 0),
            Has.Property(nameof(LimitStatus.Used))
                .EqualTo(10)
                .And.Property(nameof(LimitStatus.Remaining))
                .EqualTo(999_999_990)
        );
    }

    [Test]
    public void Take_LimitRaisedLive_FillsFasterFromThenOn()
    {
        var model = new Model(OneASecond());
        model.Take(0, cost: 5);
        model.Change(TestData.Limit("default", 2, 1, Algorithm.TokenBucket, burst: 5));

        Assert.That(model.Take(0), Is.EqualTo(new LimitStatus(500_000, 0, 2_500_000, 5)));
    }

    [Test]
    public void Take_BurstLoweredLive_HasNothingLeftUntilItFits()
    {
        var model = new Model(OneASecond());
        model.Take(0, cost: 5);
        model.Change(OneASecond(burst: 2));

        Assert.That(model.Take(0), Is.EqualTo(new LimitStatus(4 * Second, 0, 5 * Second, 5)));
    }

    [Test]
    public void Take_ProductsBeyondExactNumbers_CountsInMilliseconds()
    {
        var model = new Model(
            TestData.Limit(permits: 1_000_000_000, algorithm: Algorithm.TokenBucket)
        );
        model.Take(0, cost: 1_000_000_000);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                model.Take(0),
                Is.EqualTo(new LimitStatus(1_000, 0, 60 * Second, 1_000_000_000))
            );
            Assert.That(model.Take(500).Wait, Is.EqualTo(500));
            Assert.That(model.Take(1_000).Wait, Is.Zero);
        }
    }

    [Test]
    public void Give_SomeThenMoreThanMissing_FillsTheBucketAndNoMore()
    {
        var model = new Model(OneASecond());
        model.Take(0, cost: 5);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Give(0, 2), Is.EqualTo(new LimitStatus(0, 2, 3 * Second, 5)));
            Assert.That(model.Give(0, 100), Is.EqualTo(new LimitStatus(0, 5, 0, 3)));
        }
    }

    private static Limit OneASecond(long burst = 5, Algorithm algorithm = Algorithm.TokenBucket) =>
        TestData.Limit("default", 1, 1, algorithm, burst);
}
