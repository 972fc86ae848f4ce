using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench;

/// <summary>Scrapes a target's metrics every second, more often than a usual Prometheus.</summary>
internal sealed class Scraper : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly HttpClient http;
    private readonly CancellationTokenSource closing = new();
    private readonly Task scraping;
    private int scrapes;

    public Scraper(Target target)
    {
        http = target.CreateClient();
        scraping = ScrapeAsync();
    }

    public int Scrapes => Volatile.Read(ref scrapes);

    /// <exception cref="BenchException">It has ended, so that something else was measured.</exception>
    public void ThrowIfEnded()
    {
        if (scraping.IsCompleted)
        {
            throw new BenchException($"The metrics were read {scrapes} times and then no more.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await scraping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        http.Dispose();
        closing.Dispose();
    }

    private async Task ScrapeAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        while (await timer.WaitForNextTickAsync(closing.Token))
        {
            using var response = await http.GetAsync("/metrics", closing.Token);
            response.EnsureSuccessStatusCode();
            Interlocked.Increment(ref scrapes);
        }
    }
}
