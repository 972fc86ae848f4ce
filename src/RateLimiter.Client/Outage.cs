namespace RateLimiting.Client;

/// <summary>
/// Tells when something stops working and when it works again: each once, however many requests find out. One that comes and
/// goes is told a few times a minute at most.
/// </summary>
/// <param name="began">Told why.</param>
/// <param name="ended">Told that it is over.</param>
/// <param name="time">The clock.</param>
internal sealed class Outage(Action<string> began, Action ended, TimeProvider time)
{
    private const int MaxReported = 3;
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    // Counts, because a clock may say the same of what came one after the other.
    private static long moment;

    private readonly object gate = new();
    private readonly Queue<long> reported = new(MaxReported);
    private long lastFailure;
    private long end;
    private volatile bool isReported;

    /// <summary>Now, in the order of all that is asked and answered. To be read before asking.</summary>
    public static long Now() => Interlocked.Increment(ref moment);

    /// <summary>What was asked at a moment failed.</summary>
    /// <param name="asked">The moment.</param>
    /// <param name="reason">Why, of which one line is made.</param>
    public void Fail(long asked, string reason)
    {
        lock (gate)
        {
            // What was under way when it ended is a part of the outage before.
            if (asked < end)
            {
                return;
            }

            lastFailure = Now();
            if (!isReported && MayReport())
            {
                isReported = true;
                began(reason.ReplaceLineEndings(" "));
            }
        }
    }

    /// <summary>What was asked at a moment was answered.</summary>
    /// <param name="asked">The moment.</param>
    public void Succeed(long asked)
    {
        if (!isReported)
        {
            return;
        }

        lock (gate)
        {
            // What was under way when it began proves nothing.
            if (isReported && asked > lastFailure)
            {
                isReported = false;
                end = Now();
                ended();
            }
        }
    }

    private bool MayReport()
    {
        if (reported.Count == MaxReported && time.GetElapsedTime(reported.Peek()) < Period)
        {
            return false;
        }

        if (reported.Count == MaxReported)
        {
            reported.Dequeue();
        }

        reported.Enqueue(time.GetTimestamp());
        return true;
    }
}
