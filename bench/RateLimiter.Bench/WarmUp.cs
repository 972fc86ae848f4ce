namespace RateLimiter.Bench;

/// <summary>What is run before anything is measured.</summary>
internal static class WarmUp
{
    private const int Most = 8;

    /// <summary>How much faster than ever before a run must be to show that there is more to come.</summary>
    private const double StillWarming = 1.05;

    /// <summary>
    /// Runs a load until it gets no faster. The runtime compiles what is busy again and again, the later the busier the
    /// machine: two runs in a row that are not faster than the best so far say that it is done.
    /// </summary>
    /// <param name="run">Runs it once, and tells its rate.</param>
    public static async Task RunAsync(Func<Task<double>> run)
    {
        var (best, stale) = (0.0, 0);
        for (var count = 0; count < Most && stale < 2; count++)
        {
            var rate = await run();
            stale = rate > best * StillWarming ? 0 : stale + 1;
            best = Math.Max(best, rate);
        }
    }
}
