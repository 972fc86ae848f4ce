namespace RateLimiter.Application.Telemetry;

/// <summary>
/// Keeps a repeated event from filling the log: it is logged at most a few times a minute, however often it happens.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="linesPerMinute">The maximum number of lines per minute.</param>
public sealed class LineLimit(TimeProvider time, int linesPerMinute = 1)
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private long begin = time.GetTimestamp();
    private int written;

    /// <summary>Whether the event is to be logged this time.</summary>
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
