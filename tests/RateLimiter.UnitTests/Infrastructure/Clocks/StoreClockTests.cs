using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Infrastructure.Clocks;

namespace RateLimiter.UnitTests.Infrastructure.Clocks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StoreClockTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(100);

    private readonly FakeTimeProvider wall = new();
    private readonly StoreClock clock;
    private readonly FakeLogger<StoreClock> logger = new();

    public StoreClockTests() => clock = new StoreClock(wall, logger);

    public void Dispose() => clock.Dispose();

    [Test]
    public void GetTimestamp_NobodyWaits_IsTheWalls()
    {
        var start = clock.GetTimestamp();

        wall.Advance(TimeSpan.FromHours(1));

        Assert.That(clock.GetElapsedTime(start), Is.EqualTo(TimeSpan.FromHours(1)));
    }

    [Test]
    public async Task Wait_ProcessRuns_EndsInTime()
    {
        var wait = new TaskCompletionSource().Task.WaitAsync(Limit, clock);

        await RunAsync(Limit - StoreClock.TurnInterval);
        var before = wait.IsCompleted;
        await RunAsync(StoreClock.TurnInterval);

        Assert.That(before, Is.False);
        Assert.That(async () => await wait, Throws.InstanceOf<TimeoutException>());
        Assert.That(clock.Stalled, Is.EqualTo(TimeSpan.Zero));
    }

    [TestCase(150)]
    [TestCase(60_000)]
    public async Task Wait_ProcessStalls_CountsNoMoreThanATurn(int stallMs)
    {
        var stall = TimeSpan.FromMilliseconds(stallMs);
        var start = clock.GetTimestamp();
        var wait = new TaskCompletionSource().Task.WaitAsync(Limit, clock);
        await RunAsync(StoreClock.TurnInterval);

        await TurnAsync(stall);

        Assert.That(wait.IsCompleted, Is.False);
        Assert.That(
            clock.GetElapsedTime(start),
            Is.EqualTo(StoreClock.TurnInterval + StoreClock.MaxTurn)
        );
        Assert.That(clock.Stalled, Is.EqualTo(stall - StoreClock.MaxTurn));
    }

    [Test]
    public async Task Wait_OverDuringAStall_EndsATurnLater()
    {
        var wait = new TaskCompletionSource().Task.WaitAsync(Limit, clock);
        await RunAsync(Limit - StoreClock.TurnInterval);

        await TurnAsync(TimeSpan.FromSeconds(1));
        var before = wait.IsCompleted;
        await TurnAsync(StoreClock.TurnInterval);

        Assert.That(before, Is.False, "An answer that came during the stall was not read.");
        Assert.That(async () => await wait, Throws.InstanceOf<TimeoutException>());
    }

    [Test]
    public async Task Wait_EveryTurnIsLate_EndsAllTheSame()
    {
        var wait = new TaskCompletionSource().Task.WaitAsync(Limit, clock);

        // Each turn counts as two, and one more is granted for the replies that arrived last.
        for (var turn = 0; turn < (Limit / StoreClock.MaxTurn) + 1; turn++)
        {
            await TurnAsync(TimeSpan.FromMilliseconds(75));
        }

        Assert.That(async () => await wait, Throws.InstanceOf<TimeoutException>());
    }

    [Test]
    public void GetTimestamp_WhileStalled_StandsStill()
    {
        using var timer = clock.CreateTimer(_ => { }, null, Limit, Timeout.InfiniteTimeSpan);
        var start = clock.GetTimestamp();

        // Holds whether or not the end of the turn has run by then.
        wall.Advance(TimeSpan.FromSeconds(5));

        Assert.That(clock.GetElapsedTime(start), Is.EqualTo(StoreClock.MaxTurn));
    }

    [Test]
    public async Task Timer_Periodic_FiresUntilItIsDisposed()
    {
        var fired = 0;
        var timer = clock.CreateTimer(
            _ => fired++,
            null,
            StoreClock.TurnInterval,
            StoreClock.TurnInterval
        );
        await RunAsync(3 * StoreClock.TurnInterval);
        timer.Dispose();
        // Another timer keeps the clock running.
        using var other = clock.CreateTimer(_ => { }, null, Limit, Limit);

        await RunAsync(3 * StoreClock.TurnInterval);

        Assert.That(fired, Is.EqualTo(3));
        Assert.That(timer.Change(Limit, Limit), Is.False);
    }

    [Test]
    public async Task Log_ProcessStalls_IsToldOnce()
    {
        using var timer = clock.CreateTimer(_ => { }, null, Limit, Limit);
        await TurnAsync(StoreClock.ReportedStall / 2);
        var before = logger.Collector.Count;

        for (var i = 0; i < 10; i++)
        {
            await TurnAsync(StoreClock.ReportedStall);
        }

        Assert.That(before, Is.Zero);
        Assert.That(
            logger.Collector.GetSnapshot().Single().Message,
            Does.Contain("too little processor time")
        );
    }

    private async Task RunAsync(TimeSpan time)
    {
        for (var turns = time / StoreClock.TurnInterval; turns > 0; turns--)
        {
            await TurnAsync(StoreClock.TurnInterval);
        }
    }

    /// <summary>Advances the wall clock, and waits until the turn that ends then has passed through the thread pool.</summary>
    private async Task TurnAsync(TimeSpan took)
    {
        var turn = clock.Turns;
        wall.Advance(took);
        while (clock.Turns == turn)
        {
            await Task.Yield();
        }
    }
}
