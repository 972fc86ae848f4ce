using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using static RateLimiter.UnitTests.Domain.Checks.Model;

namespace RateLimiter.UnitTests.Domain.Checks;

/// <summary>Ten permits in ten seconds: the weight of the previous window's permits falls by a tenth each second.</summary>
public sealed class SlidingWindowCounterTests
{
    [TestCase(1, 11 * Second)]
    [TestCase(5, 15 * Second)]
    [TestCase(10, 20 * Second)]
    [TestCase(11, Never)]
    public void Take_AllTakenInThisWindow_WaitsBeyondItsEnd(long cost, long wait)
    {
        var model = new Model(Limit());
        model.Take(0, cost: 10);

        Assert.That(
            model.Take(0, cost),
            Is.EqualTo(new LimitStatus(wait, 0, 20 * Second, 10)),
            "At the window's end the one before still weighs in full."
        );
    }

    [TestCase(10 * Second, 1, Second)]
    [TestCase(11 * Second - 1, 1, 1)]
    [TestCase(11 * Second, 1, 0)]
    [TestCase(12_500_000, 2, 0)]
    [TestCase(12_500_000, 3, 500_000)]
    [TestCase(20 * Second - 1, 10, 1)]
    [TestCase(20 * Second, 10, 0)]
    public void Take_AllTakenInTheWindowBefore_PassesWhenEnoughOfItHasPassed(
        long at,
        long cost,
        long wait
    )
    {
        var model = new Model(Limit());
        model.Take(0, cost: 10);

        Assert.That(model.Take(at, cost).Wait, Is.EqualTo(wait));
    }

    [TestCase(10 * Second, 10, 0)]
    [TestCase(10 * Second + 1, 10, 0)]
    [TestCase(11 * Second, 9, 1)]
    [TestCase(12_500_000, 8, 2)]
    [TestCase(20 * Second - 1, 1, 9)]
    [TestCase(20 * Second, 0, 10)]
    [TestCase(1_000 * Second, 0, 10)]
    public void Take_Nothing_ShowsTheWeightOfTheWindowBeforeRoundedUp(
        long at,
        long used,
        long remaining
    )
    {
        var model = new Model(Limit());
        model.Take(0, cost: 10);

        Assert.That(
            model.Take(at, cost: 0),
            Is.EqualTo(new LimitStatus(0, remaining, Math.Max(0, 20 * Second - at), used))
        );
    }

    // The remaining permits, and the time at which the falling weight of the previous window leaves enough of them.
    [TestCase(4, 6, 1, 2_500_000)]
    [TestCase(3, 7, 1, 3_333_334)]
    [TestCase(4, 6, 4, 10 * Second, Description = "when the window before has passed")]
    [TestCase(4, 6, 5, 11_666_667, Description = "not before this window has passed in part")]
    public void Take_BothWindowsUsed_WaitsUntilItFits(
        long before,
        long current,
        long cost,
        long wait
    )
    {
        var model = new Model(Limit());
        model.Take(0, before);
        model.Take(10 * Second, current);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Take(10 * Second, cost).Wait, Is.EqualTo(wait));
            Assert.That(model.Take(10 * Second + wait - 1, cost).Wait, Is.EqualTo(1));
            Assert.That(model.Take(10 * Second + wait, cost).Wait, Is.Zero);
        }
    }

    [Test]
    public void Take_LateInAWindow_CountsWithTheClocksWindows()
    {
        var model = new Model(Limit());
        model.Take(7 * Second, cost: 10);

        Assert.That(
            model.Take(7 * Second),
            Is.EqualTo(new LimitStatus(4 * Second, 0, 13 * Second, 10))
        );
    }

    [Test]
    public void Take_LimitLoweredBelowWhatWasUsed_WaitsUntilThatMuchIsLeft()
    {
        var model = new Model(Limit());
        model.Take(0, cost: 10);
        model.Change(Limit(5));

        Assert.That(
            model.Take(5 * Second),
            Is.EqualTo(new LimitStatus(11 * Second, 0, 15 * Second, 10))
        );
    }

    [Test]
    public void Take_ProductsBeyondExactNumbers_CountsInMilliseconds()
    {
        var model = new Model(
            TestData.Limit(permits: 1_000_000_000, algorithm: Algorithm.SlidingWindow)
        );
        model.Take(0, cost: 1_000_000_000);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Take(0).Wait, Is.EqualTo(60 * Second + 1_000));
            Assert.That(model.Take(60 * Second + 500).Wait, Is.EqualTo(500));
        }
    }

    [Test]
    public void Give_MoreThanThisWindowHas_TakesTheRestFromTheOneBefore()
    {
        var model = new Model(Limit());
        model.Take(0, cost: 4);
        model.Take(10 * Second, cost: 3);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                model.Give(10 * Second, 2),
                Is.EqualTo(new LimitStatus(0, 5, 20 * Second, 7))
            );
            Assert.That(
                model.Give(10 * Second, 3),
                Is.EqualTo(new LimitStatus(0, 8, 10 * Second, 5))
            );
            Assert.That(model.Give(10 * Second, 100), Is.EqualTo(new LimitStatus(0, 10, 0, 2)));
        }
    }

    private static Limit Limit(long permits = 10) =>
        TestData.Limit(permits: permits, windowSeconds: 10, algorithm: Algorithm.SlidingWindow);
}
