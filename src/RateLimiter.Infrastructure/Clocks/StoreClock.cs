using Microsoft.Extensions.Logging;

namespace RateLimiter.Infrastructure.Clocks;

/// <summary>
/// The clock that bounds waits for a store. It counts only the time in which this process was scheduled, so that a
/// store that has replied is not taken for unavailable because this process had no processor time to read the reply: on
/// a busy machine, in a container with a fraction of a core, after a pause of the virtual machine.
/// </summary>
/// <remarks>
/// While a caller waits, a turn begins every <see cref="TurnInterval"/>. A turn is a timer followed by a few passes
/// through the thread pool's queue, which is what a reply needs to reach the code that awaits it. A turn counts for at
/// most <see cref="MaxTurn"/>; for the rest of its duration, the process was stalled. After a stall no wait ends before
/// one more turn, in which replies that have arrived meanwhile are read. On a machine with spare processor time this is
/// the wall-clock time.
/// </remarks>
public sealed class StoreClock : TimeProvider, IThreadPoolWorkItem, IDisposable
{
    /// <summary>
    /// How often it is checked whether a wait is over; a wait may last longer than requested by this much.
    /// </summary>
    internal static readonly TimeSpan TurnInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// The most that a turn counts for. On a machine that is not busy, timers are late by a few milliseconds.
    /// </summary>
    internal static readonly TimeSpan MaxTurn = 2 * TurnInterval;

    /// <summary>A warning is logged when the process has stalled for this much of a minute.</summary>
    internal static readonly TimeSpan ReportedStall = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan ReportInterval = TimeSpan.FromMinutes(1);

    // One work item reads a reply, its continuation runs in a second, and the awaiting code resumes in a third.
    private const int PassesPerTurn = 3;

    private readonly TimeProvider wall;
    private readonly ILogger logger;
    private readonly long maxTurn;
    private readonly ITimer turns;
    private readonly Lock gate = new();
    private readonly HashSet<StoreTimer> armed = [];
    private volatile Turn turn = new(Start: null, StalledBefore: 0);
    private int passes;
    private long ended;
    private (long Since, long Stalled) reportWindow;
    private bool isReported;

    /// <param name="wall">The wall clock.</param>
    /// <param name="logger">Logs once that the process stalls.</param>
    public StoreClock(TimeProvider wall, ILogger<StoreClock> logger)
    {
        this.wall = wall;
        this.logger = logger;
        maxTurn = ToTimestamp(MaxTurn);
        reportWindow = (wall.GetTimestamp(), 0);
        turns = wall.CreateTimer(
            _ => ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false),
            state: null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan
        );
    }

    /// <summary>The wall clock, for everything except waits for a store.</summary>
    public TimeProvider Wall => wall;

    /// <inheritdoc/>
    public override long TimestampFrequency => wall.TimestampFrequency;

    /// <summary>The total time in which the process was not scheduled while a caller waited for a store.</summary>
    public TimeSpan Stalled => wall.GetElapsedTime(0, turn.StalledBefore);

    /// <summary>The number of turns that have ended.</summary>
    internal long Turns => Interlocked.Read(ref ended);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => wall.GetUtcNow();

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        var (now, current) = (wall.GetTimestamp(), turn);
        return now - current.StalledBefore - current.StallUntil(now, maxTurn);
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(
        TimerCallback callback,
        object? state,
        TimeSpan dueTime,
        TimeSpan period
    )
    {
        var timer = new StoreTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Ends a turn after enough passes through the thread pool's queue.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        if (++passes < PassesPerTurn)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            return;
        }

        passes = 0;
        var due = EndTurn();
        foreach (var timer in due)
        {
            timer.Fire();
        }

        Interlocked.Increment(ref ended);
    }

    /// <inheritdoc/>
    public void Dispose() => turns.Dispose();

    private List<StoreTimer> EndTurn()
    {
        lock (gate)
        {
            var now = wall.GetTimestamp();
            var stall = turn.StallUntil(now, maxTurn);
            turn = new Turn(now, turn.StalledBefore + stall);
            Report(now);

            List<StoreTimer> due = [];
            foreach (var timer in armed)
            {
                if (timer.IsOver(now - turn.StalledBefore, afterStall: stall > 0))
                {
                    due.Add(timer);
                }
            }

            due.ForEach(timer => timer.Rearm());
            if (armed.Count == 0)
            {
                turn = turn with { Start = null };
            }
            else
            {
                turns.Change(TurnInterval, Timeout.InfiniteTimeSpan);
            }

            return due;
        }
    }

    private void Report(long now)
    {
        var stalled = turn.StalledBefore;
        if (
            !isReported
            && wall.GetElapsedTime(reportWindow.Stalled, stalled) is var recent
            && recent >= ReportedStall
        )
        {
            isReported = true;
            logger.ProcessStalls(recent.TotalSeconds, ReportInterval.TotalSeconds);
        }

        if (wall.GetElapsedTime(reportWindow.Since, now) >= ReportInterval)
        {
            reportWindow = (now, stalled);
        }
    }

    private void Arm(StoreTimer timer)
    {
        armed.Add(timer);
        if (turn.Start is null)
        {
            turn = turn with { Start = wall.GetTimestamp() };
            turns.Change(TurnInterval, Timeout.InfiniteTimeSpan);
        }
    }

    private long ToTimestamp(TimeSpan span) => (long)(span.TotalSeconds * TimestampFrequency);

    /// <param name="Start">
    /// When it began, by the wall clock; null while no caller waits and no turn is in progress.
    /// </param>
    /// <param name="StalledBefore">The total stalled time of the process when it began.</param>
    private sealed record Turn(long? Start, long StalledBefore)
    {
        public long StallUntil(long now, long maxTurn) =>
            Start is { } start ? Math.Max(0, now - start - maxTurn) : 0;
    }

    // Its fields are guarded by the clock's lock.
    private sealed class StoreTimer(StoreClock clock, TimerCallback callback, object? state)
        : ITimer
    {
        private long end;
        private TimeSpan period;
        private bool isSpared;
        private bool isDisposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock.gate)
            {
                if (isDisposed)
                {
                    return false;
                }

                this.period = period;
                ArmFor(dueTime);
                return true;
            }
        }

        public bool IsOver(long now, bool afterStall)
        {
            var isOver = end <= now;
            if (isOver && afterStall && !isSpared)
            {
                isSpared = true;
                return false;
            }

            return isOver;
        }

        public void Rearm() => ArmFor(period > TimeSpan.Zero ? period : Timeout.InfiniteTimeSpan);

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (clock.gate)
            {
                isDisposed = true;
                clock.armed.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void ArmFor(TimeSpan dueTime)
        {
            isSpared = false;
            if (dueTime == Timeout.InfiniteTimeSpan)
            {
                clock.armed.Remove(this);
                return;
            }

            end = clock.GetTimestamp() + clock.ToTimestamp(dueTime);
            clock.Arm(this);
        }
    }
}
