using System.Globalization;
using System.Text;

namespace RateLimiter.Bench.Report;

/// <summary>A table in Markdown; the first column is text, the others are numbers.</summary>
internal sealed class Table(params IReadOnlyList<string> columns)
{
    private readonly List<IReadOnlyList<string>> rows = [];

    /// <summary>The text of a cell, with the given number of decimals; empty when there is no value.</summary>
    public static string Cell(double? value, int decimals = 0) =>
        value?.ToString($"N{decimals}", CultureInfo.InvariantCulture) ?? "";

    public Table Add(params IReadOnlyList<string> cells)
    {
        rows.Add(cells);
        return this;
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
}
