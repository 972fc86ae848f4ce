using System.Diagnostics;

namespace RateLimiter.Soak;

/// <summary>
/// A time in which the tool itself made no progress: the machine was busy with something else, or the runtime collected
/// garbage. Delays that it caused do not count against the service. Times are ticks of the stopwatch.
/// </summary>
internal readonly record struct Standstill(long Begin, long End)
{
    /// <summary>The service and its store may have stood still a little longer, and have to catch up.</summary>
    public static readonly long Aftermath = Stopwatch.Frequency / 4;

    public TimeSpan Duration => Stopwatch.GetElapsedTime(Begin, End);

    /// <summary>How much of it falls between two times.</summary>
    public TimeSpan Within(long from, long to) =>
        Stopwatch.GetElapsedTime(0, Math.Max(0, Math.Min(End, to) - Math.Max(Begin, from)));
}

/// <summary>Records every standstill.</summary>
internal sealed class StandstillWatch
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    /// <summary>Timers are usually late by less than this.</summary>
    private static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(10);

    private readonly List<Standstill> all = [];

    /// <summary>All standstills so far, in order.</summary>
    public IReadOnlyList<Standstill> All
    {
        get
        {
            lock (all)
            {
                return [.. all];
            }
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Tick);
        var last = Stopwatch.GetTimestamp();
        while (!stop.IsCancellationRequested)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
            var now = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(last, now) > Usual)
            {
                lock (all)
                {
                    all.Add(new Standstill(last, now));
                }
            }

            last = now;
        }
    }
}
