using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>The latency of a check when the server is at half of its maximum load.</summary>
internal static class HalfRate
{
    public static async Task<Outcome> MeasureAsync(Settings settings)
    {
        Target[] targets =
        [
            await BareTarget.StartAsync(),
            await ServiceTarget.StartAsync(Throughput.Rules),
        ];
        Contender[] full = [.. targets.Select(target => new Contender(target, Throughput.Allowed))];
        await Contender.RaceAsync(settings, full);
        Contender[] half = [.. full.Select(Halve)];
        await Contender.RaceAsync(settings, half);

        var table = new Table(
            "",
            "maximum, checks/s",
            "sent, checks/s",
            "p50, ms",
            "p99, ms",
            $"p99 × {half[0].Name}"
        );
        foreach (var (most, paced) in full.Zip(half))
        {
            table.Add(
                paced.Name,
                Table.Cell(most.Median(round => round.ChecksPerSecond)),
                Table.Cell(paced.Median(round => round.ChecksPerSecond)),
                Table.Cell(paced.Median(round => round.Load.P50) / 1000, 2),
                Table.Cell(paced.Median(round => round.Load.P99) / 1000, 2),
                Table.Cell(Ratio(paced), 2)
            );
        }

        return new Outcome($"{table}", new Figure("half-rate p99 / bare", Ratio(half[1])));

        double Ratio(Contender contender) =>
            Settings.Median(contender.Ratios(half[0], round => round.Load.P99));
    }

    private static Contender Halve(Contender full) =>
        new(
            full.Target,
            full.Load with
            {
                Rate = full.Median(round => round.Load.RequestsPerSecond) / 2,
            }
        );
}
