using System.Diagnostics;

namespace RateLimiter.Soak;

/// <summary>The memory of one instance at a time, which is a tick of the stopwatch.</summary>
internal readonly record struct MemorySample(long Time, int Instance, double Megabytes);

/// <summary>Measures several times a second how much memory the instances use.</summary>
internal sealed class MemoryWatch(IReadOnlyList<Instance> instances)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly List<MemorySample> samples = [];

    /// <summary>All samples so far, in order.</summary>
    public IReadOnlyList<MemorySample> Samples
    {
        get
        {
            lock (samples)
            {
                return [.. samples];
            }
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            foreach (var instance in instances)
            {
                if (instance.MeasureMegabytes() is { } megabytes)
                {
                    lock (samples)
                    {
                        samples.Add(new(Stopwatch.GetTimestamp(), instance.Number, megabytes));
                    }
                }
            }

            await Task.Delay(Pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
