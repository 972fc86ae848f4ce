using Microsoft.Extensions.Time.Testing;
using RateLimiter.Infrastructure.Clocks;

namespace RateLimiter.UnitTests.Infrastructure.Clocks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StandstillTests : IDisposable
{
    private static readonly TimeSpan Max = TimeSpan.FromSeconds(1);

    private readonly Machine time = new();
    private readonly Standstill standstill;
    private int standstills;

    public StandstillTests() => standstill = new Standstill(time, Max, () => standstills++);

    public void Dispose() => standstill.Dispose();

    [Test]
    public void Look_TimersRun_IsNoStandstill()
    {
        for (var i = 0; i < 100; i++)
        {
            time.Advance(Max / 4);
            standstill.Check();
        }

        Assert.That(standstills, Is.Zero);
    }

    [TestCase(0.7, 0)]
    [TestCase(1, 1)]
    [TestCase(3600, 1)]
    public void Look_NoTimerRan_IsOneWhenItWasTooLong(double seconds, int expected)
    {
        time.Stop(TimeSpan.FromSeconds(seconds));

        standstill.Check();
        standstill.Check();

        Assert.That(standstills, Is.EqualTo(expected));
    }

    [TestCase(0.7, 0)]
    [TestCase(5, 1)]
    [TestCase(-5, 0)]
    public void Look_OnlyTheWallsClockWentOn_IsOneWhenItWasTooLong(double seconds, int expected)
    {
        time.AdjustTime(time.GetUtcNow() + TimeSpan.FromSeconds(seconds));

        standstill.Check();
        time.Advance(Max / 4);

        Assert.That(standstills, Is.EqualTo(expected));
    }

    [Test]
    public void Timer_AfterAStandstill_TellsOfItThoughNobodyLooks()
    {
        time.AdjustTime(time.GetUtcNow() + TimeSpan.FromSeconds(5));
        time.Advance(Max / 4);

        Assert.That(standstills, Is.EqualTo(1));
    }

    /// <summary>A clock that can advance without running timers.</summary>
    private sealed class Machine : FakeTimeProvider
    {
        private long stopped;

        public void Stop(TimeSpan time)
        {
            stopped += time.Ticks;
        }

        public override long GetTimestamp() => base.GetTimestamp() + stopped;
    }
}
