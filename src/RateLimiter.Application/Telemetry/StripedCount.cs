namespace RateLimiter.Application.Telemetry;

/// <summary>
/// Counts what happens with every check, so that processors do not wait for each other: each has counts of its own, on a
/// cache line of its own, and who reads adds them up.
/// </summary>
/// <param name="kinds">How many different things are counted.</param>
public sealed class StripedCount(int kinds = 1)
{
    // Two lines, because processors fetch the neighbour of a line too.
    private const int LongsPerStripe = 128 / sizeof(long);

    private readonly int stride = StrideOf(kinds);

    // One stripe more than there are processors, because the array need not begin where a line does.
    private readonly long[] counts = new long[(Environment.ProcessorCount + 1) * StrideOf(kinds)];

    /// <summary>Counts one of a kind.</summary>
    public void Add(int kind = 0)
    {
        var stripe = 1 + (Thread.GetCurrentProcessorId() % Environment.ProcessorCount);
        Interlocked.Increment(ref counts[(stripe * stride) + kind]);
    }

    /// <summary>How many of a kind were counted.</summary>
    public long Read(int kind = 0)
    {
        var sum = 0L;
        for (var i = stride + kind; i < counts.Length; i += stride)
        {
            sum += Interlocked.Read(ref counts[i]);
        }

        return sum;
    }

    private static int StrideOf(int kinds) =>
        (kinds + LongsPerStripe - 1) / LongsPerStripe * LongsPerStripe;
}
