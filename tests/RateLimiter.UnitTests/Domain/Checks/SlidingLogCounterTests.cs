using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using static RateLimiter.UnitTests.Domain.Checks.Model;

namespace RateLimiter.UnitTests.Domain.Checks;

/// <summary>Three permits in ten seconds, taken after 0, 4 and 7 seconds.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SlidingLogCounterTests
{
    private readonly Model model = new(Limit());

    [SetUp]
    public void TakeThree()
    {
        model.Take(0);
        model.Take(4 * Second);
        model.Take(7 * Second);
    }

    [TestCase(1, 1)]
    [TestCase(2, 4 * Second + 1)]
    [TestCase(3, 7 * Second + 1)]
    [TestCase(4, Never)]
    public void Take_NothingExpired_WaitsUntilEnoughOfTheOldestHave(long cost, long wait) =>
        Assert.That(
            model.Take(10 * Second - 1, cost),
            Is.EqualTo(new LimitStatus(wait, 0, 7 * Second + 1, 3))
        );

    [TestCase(10 * Second - 1, 3)]
    [TestCase(10 * Second, 2)]
    [TestCase(14 * Second - 1, 2)]
    [TestCase(14 * Second, 1)]
    [TestCase(17 * Second - 1, 1)]
    [TestCase(17 * Second, 0)]
    public void Take_Nothing_ShowsThatEachExpiresAfterExactlyOneWindow(long at, long used) =>
        Assert.That(
            model.Take(at, cost: 0),
            Is.EqualTo(new LimitStatus(0, 3 - used, Math.Max(0, 17 * Second - at), used))
        );

    [Test]
    public void Take_OneExpired_CountsFromNow() =>
        Assert.That(model.Take(10 * Second), Is.EqualTo(new LimitStatus(0, 0, 10 * Second, 2)));

    [Test]
    public void Take_LimitLoweredBelowWhatWasUsed_WaitsForSoManyMore()
    {
        model.Change(Limit(2));

        Assert.That(
            model.Take(8 * Second),
            Is.EqualTo(new LimitStatus(6 * Second, 0, 9 * Second, 3))
        );
    }

    [Test]
    public void Give_Some_GivesTheNewestBack() =>
        Assert.That(model.Give(8 * Second, 1), Is.EqualTo(new LimitStatus(0, 1, 6 * Second, 3)));

    [TestCase(3)]
    [TestCase(4)]
    public void Give_AllOrMore_LeavesNothing(long cost) =>
        Assert.That(model.Give(8 * Second, cost), Is.EqualTo(new LimitStatus(0, 3, 0, 3)));

    [Test]
    public void Give_PartOfOneTaking_KeepsTheRestAtItsTime()
    {
        var atOnce = new Model(Limit());
        atOnce.Take(0, cost: 3);

        Assert.That(atOnce.Give(Second, 2), Is.EqualTo(new LimitStatus(0, 2, 9 * Second, 3)));
    }

    private static Limit Limit(long permits = 3) =>
        TestData.Limit(permits: permits, windowSeconds: 10, algorithm: Algorithm.SlidingLog);
}
