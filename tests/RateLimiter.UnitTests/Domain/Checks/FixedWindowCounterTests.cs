using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using static RateLimiter.UnitTests.Domain.Checks.Model;

namespace RateLimiter.UnitTests.Domain.Checks;

public sealed class FixedWindowCounterTests
{
    [Test]
    public void Take_FirstPermit_StartsTheWindow()
    {
        var model = new Model(Limit());

        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Take(17 * Second), Is.EqualTo(new LimitStatus(0, 9, 60 * Second, 0)));
            Assert.That(model.Take(27 * Second), Is.EqualTo(new LimitStatus(0, 8, 50 * Second, 1)));
        }
    }

    [TestCase(60 * Second - 1, 0, 1, 10)]
    [TestCase(60 * Second, 9, 60 * Second, 0)]
    [TestCase(60 * Second + 1, 9, 60 * Second, 0)]
    public void Take_AroundTheEndOfTheWindow_IsOfTheWindowItFallsInto(
        long at,
        long remaining,
        long reset,
        long used
    )
    {
        var model = new Model(Limit());
        model.Take(0, cost: 10);
        var wait = at < 60 * Second ? 1 : 0;

        Assert.That(model.Take(at), Is.EqualTo(new LimitStatus(wait, remaining, reset, used)));
    }

    [TestCase(2, new long[] { 1, 1, 1 }, new long[] { 1, 0, 0 }, new[] { true, true, false })]
    [TestCase(
        2000,
        new long[] { 1000, 1500, 500, 400, 100, 1 },
        new long[] { 1000, 1000, 500, 100, 0, 0 },
        new[] { true, false, true, true, true, false }
    )]
    public void Take_CostsInARow_LeaveWhatTheTableSays(
        long permits,
        long[] costs,
        long[] remaining,
        bool[] allowed
    )
    {
        var model = new Model(Limit(permits));

        var statuses = costs.Select((cost, i) => model.Take(i, cost)).ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(statuses.Select(status => status.Remaining), Is.EqualTo(remaining));
            Assert.That(statuses.Select(status => status.Wait == 0), Is.EqualTo(allowed));
        }
    }

    [TestCase(0)]
    [TestCase(11)]
    public void Take_NothingTaken_StartsNoWindow(long cost)
    {
        var model = new Model(Limit());
        model.Take(0, cost);

        Assert.That(model.Take(30 * Second).Reset, Is.EqualTo(60 * Second));
    }

    [Test]
    public void Take_LimitChangedLive_KeepsWhatWasUsed()
    {
        var model = new Model(Limit(100));
        var remaining = new List<long>();

        foreach (var permits in new[] { 100, 100, 10, 10, 200 })
        {
            model.Change(Limit(permits));
            remaining.Add(model.Take(0).Remaining);
        }

        Assert.That(remaining, Is.EqualTo(new[] { 99, 98, 7, 6, 195 }));
    }

    [Test]
    public void Take_LimitLoweredBelowWhatWasUsed_HasNothingLeftUntilTheWindowEnds()
    {
        var model = new Model(Limit(10));
        model.Take(0, cost: 8);
        model.Change(Limit(5));

        Assert.That(
            model.Take(20 * Second),
            Is.EqualTo(new LimitStatus(40 * Second, 0, 40 * Second, 8))
        );
    }

    [Test]
    public void Give_PartOfWhatWasTaken_KeepsTheWindow()
    {
        var model = new Model(Limit());
        model.Take(0, cost: 5);

        Assert.That(model.Give(10 * Second, 2), Is.EqualTo(new LimitStatus(0, 7, 50 * Second, 5)));
    }

    [TestCase(5)]
    [TestCase(6)]
    [TestCase(1_000_000_000)]
    public void Give_AllOrMore_LeavesNoWindow(long cost)
    {
        var model = new Model(Limit());
        model.Take(0, cost: 5);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Give(10 * Second, cost), Is.EqualTo(new LimitStatus(0, 10, 0, 5)));
            Assert.That(model.Take(20 * Second), Is.EqualTo(new LimitStatus(0, 9, 60 * Second, 0)));
        }
    }

    [Test]
    public void Give_AfterTheWindow_GivesNothingToTheNextOne()
    {
        var model = new Model(Limit());
        model.Take(0, cost: 5);
        model.Give(60 * Second, 5);

        Assert.That(model.Take(60 * Second).Remaining, Is.EqualTo(9));
    }

    private static Limit Limit(long permits = 10) => TestData.Limit(permits: permits);
}
