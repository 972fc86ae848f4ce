using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>Compares checks that are counted for the analytics with checks that are not.</summary>
internal static class Analytics
{
    public static async Task<Outcome> MeasureAsync(Settings settings)
    {
        Contender without = new(
            "RateLimiter, without analytics",
            await ServiceTarget.StartAsync(
                Throughput.Rules,
                more: [new("Analytics__Enabled", "false")]
            ),
            Throughput.Allowed
        );
        Contender with = new(await ServiceTarget.StartAsync(Throughput.Rules), Throughput.Allowed);
        await Contender.RaceAsync(settings, without, with);
        await without.ThrowIfMiscountedAsync();
        await with.ThrowIfMiscountedAsync();
        return new Outcome(
            $"{Comparison.Of(settings, without, with)}",
            new Figure("analytics / without", with.RatioTo(without, settings))
        );
    }
}
