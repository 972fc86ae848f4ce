namespace RateLimiter.Infrastructure.Clocks;

/// <summary>
/// Detects that this process stood still: it was stopped, or so busy that no timer ran, or its machine was suspended,
/// which the monotonic clock does not count but the wall clock does. A wall clock that is set forward looks the same.
/// </summary>
internal sealed class Standstill : IDisposable
{
    private const int TurnsPerMax = 4;

    private readonly TimeProvider time;
    private readonly TimeSpan max;
    private readonly Action ended;
    private readonly ITimer timer;
    private readonly Lock gate = new();
    private volatile Turn last;

    /// <param name="time">The clock.</param>
    /// <param name="max">The longest gap that is not a standstill.</param>
    /// <param name="ended">Called when a standstill is over, before any caller of the check continues.</param>
    public Standstill(TimeProvider time, TimeSpan max, Action ended)
    {
        (this.time, this.max, this.ended) = (time, max, ended);
        last = Now();
        timer = time.CreateTimer(_ => NextTurn(), null, max / TurnsPerMax, max / TurnsPerMax);
    }

    /// <summary>To be called before using anything that may be out of date after a standstill.</summary>
    public void Check()
    {
        if (!IsLongAgo(last))
        {
            return;
        }

        lock (gate)
        {
            if (IsLongAgo(last))
            {
                ended();
                last = Now();
            }
        }
    }

    public void Dispose() => timer.Dispose();

    private void NextTurn()
    {
        Check();
        last = Now();
    }

    private bool IsLongAgo(Turn turn) =>
        time.GetElapsedTime(turn.Timestamp) >= max || time.GetUtcNow() - turn.At >= max;

    private Turn Now() => new(time.GetTimestamp(), time.GetUtcNow());

    private sealed record Turn(long Timestamp, DateTimeOffset At);
}
