using RateLimiter.Bench.Report;
using RateLimiter.Bench.Targets;

namespace RateLimiter.Bench.Scenarios;

/// <summary>How long a check takes when the server is half as busy as it can be.</summary>
internal static class HalfRate
{
    public static async Task<Outcome> RunAsync(
        Settings settings,
        CancellationToken cancellationToken
    )
    {
        await using var owned = new Owned();
        Rule[] rules = [Throughput.Allowing, Probe.Rule];
        var load = new Load(Throughput.Allowing.Route);
        Contender[] full =
        [
            new(owned.Add(await BareTarget.StartAsync(cancellationToken)), load),
            new(owned.Add(await ServiceTarget.StartAsync(rules, cancellationToken)), load),
        ];
        await Contender.RaceAsync(full, settings, cancellationToken);
        Contender[] half =
        [
            .. full.Select(contender => new Contender(
                contender.Target,
                load with
                {
                    Rate = contender.Median(round => round.ChecksPerSecond) / 2,
                }
            )),
        ];
        await Contender.RaceAsync(half, settings, cancellationToken);

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
            settings.Pick(contender.Ratios(half[0], round => round.Load.P99), lessIsBetter: true);
    }
}
