using System.Globalization;
using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>
/// Compares checks of a client whose decisions are all followed by each stream with checks of a client without streams.
/// </summary>
internal static class Streams
{
    private const int Few = 100;
    private const int Many = 1000;

    public static async Task<Outcome> MeasureAsync(Settings settings)
    {
        Contender none = new("no streams", await StartAsync(), Throughput.Allowed);
        Contender few = new("100 streams", await StartAsync(), Throughput.Allowed);
        Contender many = new("1,000 streams", await StartAsync(), Throughput.Allowed);
        await using var readersOfFew = await StreamReaders.OpenAsync(few.Target, Few);
        await using var readersOfMany = await StreamReaders.OpenAsync(many.Target, Many);
        await Contender.RaceAsync(settings, none, few, many);
        await none.ThrowIfMiscountedAsync();
        await few.ThrowIfMiscountedAsync();
        await many.ThrowIfMiscountedAsync();
        readersOfFew.ThrowIfEnded();
        readersOfMany.ThrowIfEnded();
        return new Outcome(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Comparison.Of(settings, none, few, many)}\nIn all, 100 streams took {readersOfFew.Megabytes:N0} MB, and 1,000 took {readersOfMany.Megabytes:N0} MB.\n"
            ),
            new Figure("100 streams / none", few.RatioTo(none, settings)),
            new Figure("1000 streams / none", many.RatioTo(none, settings))
        );
    }

    private static Task<ServiceTarget> StartAsync() =>
        ServiceTarget.StartAsync(
            Throughput.Rules,
            record: null,
            new KeyValuePair<string, string>(
                "Streams__MaxPerClient",
                Many.ToString(CultureInfo.InvariantCulture)
            )
        );
}
