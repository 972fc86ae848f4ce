namespace RateLimiter.Application.Telemetry;

/// <summary>
/// Keeps what happens again and again from filling the log: it is told a few times a minute at most, however often it happens.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="linesPerMinute">How often.</param>
public sealed class LineLimit(TimeProvider time, int linesPerMinute = 1)
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private long begin = time.GetTimestamp();
    private int written;

    /// <summary>Whether it is to be told this time.</summary>
    public bool TryTake()
    {
        lock (gate)
        {
            if (time.GetElapsedTime(begin) >= Period)
            {
                (begin, written) = (time.GetTimestamp(), 0);
            }

            if (written == linesPerMinute)
            {
                return false;
            }

            written++;
            return true;
        }
    }
}
