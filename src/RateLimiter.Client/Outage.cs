namespace RateLimiting.Client;

/// <summary>
/// Reports when something stops working and when it works again, each once, however many requests notice it. A flapping outage
/// is reported at most a few times a minute.
/// </summary>
/// <param name="began">Called with the reason when an outage begins.</param>
/// <param name="ended">Called when the outage ends.</param>
/// <param name="time">The clock.</param>
internal sealed class Outage(Action<string> began, Action ended, TimeProvider time)
{
    private const int MaxReported = 3;
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    // A counter, because a clock may give consecutive events the same time.
    private static long moment;

    private readonly object gate = new();
    private readonly Queue<long> reported = new(MaxReported);
    private long lastFailure;
    private long end;
    private volatile bool isReported;

    /// <summary>The current moment in the order of all requests and responses. To be read before a request.</summary>
    public static long Now() => Interlocked.Increment(ref moment);

    /// <summary>A request that began at a moment failed.</summary>
    /// <param name="asked">The moment.</param>
    /// <param name="reason">The reason, which is reported as one line.</param>
    public void Fail(long asked, string reason)
    {
        lock (gate)
        {
            // A request in progress when the outage ended belongs to that outage.
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

    /// <summary>A request that began at a moment succeeded.</summary>
    /// <param name="asked">The moment.</param>
    public void Succeed(long asked)
    {
        if (!isReported)
        {
            return;
        }

        lock (gate)
        {
            // A request in progress when the outage began proves nothing.
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
