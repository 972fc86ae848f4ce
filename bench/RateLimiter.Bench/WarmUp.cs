namespace RateLimiter.Bench;

/// <summary>Runs the load before anything is measured.</summary>
internal static class WarmUp
{
    private const int Most = 8;

    /// <summary>How much faster than all earlier runs a run must be to show that the warm-up is not finished.</summary>
    private const double StillWarming = 1.05;

    /// <summary>
    /// Runs a load until it gets no faster. The runtime recompiles hot code again and again, the later the busier the
    /// machine: two successive runs that are not faster than the best so far mean that it is finished.
    /// </summary>
    /// <param name="run">Runs it once, and returns its rate.</param>
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
