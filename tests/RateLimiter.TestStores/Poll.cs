using System.Diagnostics;

namespace RateLimiter.TestStores;

/// <summary>Waits for events in other processes.</summary>
public static class Poll
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    /// <summary>Waits until a condition holds, and fails when that takes too long.</summary>
    /// <returns>How long it took.</returns>
    public static async Task<TimeSpan> UntilAsync(
        string what,
        TimeSpan within,
        Func<Task<bool>> isSo
    )
    {
        var clock = Stopwatch.StartNew();
        while (!await isSo())
        {
            Assert.That(clock.Elapsed, Is.LessThan(within), what);
            await Task.Delay(Interval);
        }

        return clock.Elapsed;
    }
}
