using System.Globalization;
using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>
/// Compares checks of a service without metrics, one with metrics, one whose metrics are scraped every second, and one
/// that measures requests too.
/// </summary>
internal static class Metrics
{
    public static async Task<Outcome> MeasureAsync(Settings settings)
    {
        Contender without = new(
            "RateLimiter, without metrics",
            await StartAsync(("Metrics__Enabled", "false")),
            Throughput.Allowed
        );
        Contender with = new(await StartAsync(), Throughput.Allowed);
        Contender scraped = new("scraped every second", await StartAsync(), Throughput.Allowed);
        Contender http = new(
            "scraped, with Metrics__Http",
            await StartAsync(("Metrics__Http", "true")),
            Throughput.Allowed
        );
        await using var scraper = new Scraper(scraped.Target);
        await using var scraperOfHttp = new Scraper(http.Target);
        await Contender.RaceAsync(settings, without, with, scraped, http);
        await without.ThrowIfMiscountedAsync();
        await with.ThrowIfMiscountedAsync();
        await scraped.ThrowIfMiscountedAsync();
        await http.ThrowIfMiscountedAsync();
        scraper.ThrowIfEnded();
        scraperOfHttp.ThrowIfEnded();
        return new Outcome(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Comparison.Of(settings, without, with, scraped, http)}\nThe metrics were read {scraper.Scrapes} times.\n"
            ),
            new Figure("metrics / without", with.RatioTo(without, settings)),
            new Figure("scraped / without", scraped.RatioTo(without, settings))
        );
    }

    private static Task<ServiceTarget> StartAsync(
        params IEnumerable<(string Name, string Value)> more
    ) =>
        ServiceTarget.StartAsync(
            Throughput.Rules,
            record: null,
            [.. more.Select(it => KeyValuePair.Create(it.Name, it.Value))]
        );
}
