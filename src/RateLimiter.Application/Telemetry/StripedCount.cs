namespace RateLimiter.Application.Telemetry;

/// <summary>
/// A counter for events of every check, without contention between processors: each processor has its own counts, on its own
/// cache line, and a read adds them up.
/// </summary>
/// <param name="kinds">The number of kinds that are counted.</param>
public sealed class StripedCount(int kinds = 1)
{
    // Two cache lines, because processors prefetch the adjacent line.
    private const int LongsPerStripe = 128 / sizeof(long);

    private readonly int stride = StrideOf(kinds);

    // One stripe more than there are processors, because the array may not be aligned to a cache line.
    private readonly long[] counts = new long[(Environment.ProcessorCount + 1) * StrideOf(kinds)];

    /// <summary>Counts one of a kind.</summary>
    public void Add(int kind = 0)
    {
        var stripe = 1 + (Thread.GetCurrentProcessorId() % Environment.ProcessorCount);
        Interlocked.Increment(ref counts[(stripe * stride) + kind]);
    }

    /// <summary>The count of a kind.</summary>
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
