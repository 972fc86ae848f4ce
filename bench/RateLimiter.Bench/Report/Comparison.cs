namespace RateLimiter.Bench.Report;

/// <summary>The table of a scenario.</summary>
internal static class Comparison
{
    /// <summary>The measurements of each contender, and its rate as a multiple of the first one's.</summary>
    public static Table Of(Settings settings, params IReadOnlyList<Contender> contenders)
    {
        var table = new Table(
            "",
            "checks/s",
            "p50, ms",
            "p99, ms",
            "server, µs of CPU/check",
            "store, µs of CPU/check",
            "scripts/check",
            $"× {contenders[0].Name}"
        );
        foreach (var contender in contenders)
        {
            table.Add(
                contender.Name,
                Table.Cell(contender.Median(round => round.ChecksPerSecond)),
                Table.Cell(contender.Median(round => round.Load.P50) / 1000, 2),
                Table.Cell(contender.Median(round => round.Load.P99) / 1000, 2),
                Table.Cell(contender.Median(round => round.ServerCpu), 1),
                Table.Cell(Median(contender, round => round.StoreCpu), 1),
                Table.Cell(Median(contender, round => round.Scripts), 2),
                Table.Cell(contender.RatioTo(contenders[0], settings), 2)
            );
        }

        return table;
    }

    private static double? Median(Contender contender, Func<Measurement, double?> figure) =>
        contender.Target.Store is null
            ? null
            : contender.Median(measurement => figure(measurement)!.Value);
}
