using System.Globalization;
using System.Text;

namespace RateLimiter.Bench.Report;

/// <summary>A table in Markdown; the first column is text, the others are numbers.</summary>
internal sealed class Table(params IReadOnlyList<string> columns)
{
    private readonly List<IReadOnlyList<string>> rows = [];

    /// <summary>What a cell shows, with so many decimals; nothing when there is no value.</summary>
    public static string Cell(double? value, int decimals = 0) =>
        value?.ToString($"N{decimals}", CultureInfo.InvariantCulture) ?? "";

    public Table Add(params IReadOnlyList<string> cells)
    {
        rows.Add(cells);
        return this;
    }

    /// <summary>What was measured of each contender, and its rate as a multiple of the first one's.</summary>
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
                Cell(contender.Median(round => round.ChecksPerSecond)),
                Cell(contender.Median(round => round.Load.P50) / 1000, 2),
                Cell(contender.Median(round => round.Load.P99) / 1000, 2),
                Cell(contender.Median(round => round.ServerCpu), 1),
                Cell(Median(contender, round => round.StoreCpu), 1),
                Cell(Median(contender, round => round.Scripts), 2),
                Cell(contender.RatioTo(contenders[0], settings), 2)
            );
        }

        return table;
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        Write(columns);
        Write([.. columns.Select((_, index) => index == 0 ? "---" : "---:")]);
        foreach (var row in rows)
        {
            Write(row);
        }

        return text.ToString();

        void Write(IReadOnlyList<string> cells) =>
            text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
    }

    private static double? Median(Contender contender, Func<Measurement, double?> figure) =>
        contender.Target.Store is null
            ? null
            : contender.Median(measurement => figure(measurement)!.Value);
}
