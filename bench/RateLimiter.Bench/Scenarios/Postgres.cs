using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>Compares checks with PostgreSQL as the system of record with checks without it.</summary>
internal static class Postgres
{
    public static async Task<Outcome> MeasureAsync(Settings settings)
    {
        Contender without = new(
            await ServiceTarget.StartAsync(Throughput.Rules),
            Throughput.Allowed
        );
        Contender with = new(
            "RateLimiter, PostgreSQL",
            await ServiceTarget.StartAsync(Throughput.Rules, await PostgresServer.StartAsync()),
            Throughput.Allowed
        );
        await Contender.RaceAsync(settings, without, with);
        await without.ThrowIfMiscountedAsync();
        await with.ThrowIfMiscountedAsync();
        return new Outcome(
            $"{Comparison.Of(settings, without, with)}",
            new Figure("postgres / redis", with.RatioTo(without, settings))
        );
    }
}
