using System.Numerics;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>
/// The buckets of a histogram of decision times: eight for each doubling, so that the middle of a bucket is within a
/// sixteenth of every time in it. Times below eight ticks of 100 ns have a bucket for each tick.
/// </summary>
internal static class DecisionTimes
{
    /// <summary>The number of buckets.</summary>
    public const int Count = (MaxOctave - 1) * PerOctave;

    private const int PerOctave = 8;
    private const int OctaveBits = 3;

    /// <summary>Up to 2^29 ticks, 53 seconds: no decision takes that long.</summary>
    private const int MaxOctave = 28;

    /// <summary>The bucket of a time.</summary>
    public static int BucketOf(TimeSpan took)
    {
        var ticks = Math.Clamp(took.Ticks, 0, (2L << MaxOctave) - 1);
        if (ticks < PerOctave)
        {
            return (int)ticks;
        }

        var octave = BitOperations.Log2((ulong)ticks);
        var within = (int)(ticks >> (octave - OctaveBits)) - PerOctave;
        return (octave - OctaveBits + 1) * PerOctave + within;
    }

    /// <summary>The time in the middle of a bucket.</summary>
    public static TimeSpan MiddleOf(int bucket)
    {
        if (bucket < PerOctave)
        {
            return TimeSpan.FromTicks(bucket);
        }

        var shift = bucket / PerOctave - 1;
        var least = (long)(PerOctave + bucket % PerOctave) << shift;
        return TimeSpan.FromTicks(least + ((1L << shift) / 2));
    }

    /// <summary>The percentile of the times; null when there are none.</summary>
    /// <param name="counts">The count of each bucket.</param>
    /// <param name="percent">The percentage of decisions that took at most the returned time.</param>
    public static TimeSpan? Percentile(IReadOnlyList<long> counts, int percent)
    {
        var all = counts.Sum();
        var wanted = (all * percent + 99) / 100;
        var seen = 0L;
        for (var bucket = 0; bucket < counts.Count; bucket++)
        {
            seen += counts[bucket];
            if (seen > 0 && seen >= wanted)
            {
                return MiddleOf(bucket);
            }
        }

        return null;
    }
}
