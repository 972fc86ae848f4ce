using Microsoft.Extensions.Time.Testing;
using RateLimiter.Infrastructure.Redis.Checks;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Checks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StoreTimeTests
{
    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly StoreTime clock;

    public StoreTimeTests() => clock = new StoreTime(time);

    [Test]
    public void Now_NothingAnswered_IsNotKnown() => Assert.That(clock.Now, Is.Null);

    [Test]
    public void Now_OneAnswer_IsAsUncertainAsItTook()
    {
        Answer(at: 0, took: 4);
        time.Advance(TimeSpan.FromSeconds(10));

        Assert.That(Now(), Is.EqualTo((10, 14)));
    }

    [Test]
    public void Now_AnswersThatAgree_IsWhatBothAllow()
    {
        Answer(at: 0, took: 4);
        Answer(at: 5, took: 2);

        Assert.That(Now(), Is.EqualTo((5, 6)));
    }

    [Test]
    public void Now_AnAnswerOfBefore_ChangesNothing()
    {
        Answer(at: 0, took: 1);
        var asked = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(9));
        clock.Observe(TestData.Moment.AddSeconds(3), asked);

        Assert.That(Now(), Is.EqualTo((9, 10)));
    }

    [TestCase(300)]
    [TestCase(-300)]
    public void Now_ClockWasSet_IsWhatTheLastAnswerSays(int by)
    {
        Answer(at: 0, took: 4);
        Answer(at: by, took: 2);

        Assert.That(Now(), Is.EqualTo((by, by + 2)));
    }

    private void Answer(int at, int took)
    {
        var asked = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(took));
        clock.Observe(TestData.Moment.AddSeconds(at), asked);
    }

    private (double Earliest, double Latest) Now()
    {
        var (earliest, latest) = clock.Now!.Value;
        return ((earliest - TestData.Moment).TotalSeconds, (latest - TestData.Moment).TotalSeconds);
    }
}
