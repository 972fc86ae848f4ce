using System.Diagnostics;

namespace RateLimiter.Soak;

/// <summary>The memory of one instance at a time, a tick of the stopwatch.</summary>
internal readonly record struct MemorySample(long Time, int Instance, double Megabytes);

/// <summary>Looks several times a second how much memory the instances hold.</summary>
internal static class MemoryWatch
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    public static async Task<IReadOnlyList<MemorySample>> RunAsync(
        IReadOnlyList<Instance> instances,
        CancellationToken stop
    )
    {
        List<MemorySample> samples = [];
        while (!stop.IsCancellationRequested)
        {
            foreach (var instance in instances)
            {
                if (instance.MeasureMegabytes() is { } megabytes)
                {
                    samples.Add(new(Stopwatch.GetTimestamp(), instance.Number, megabytes));
                }
            }

            await Task.Delay(Pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return samples;
    }
}
