using System.Globalization;
using System.Text.RegularExpressions;

namespace RateLimiter.TestServices;

/// <summary>A response of GET /metrics.</summary>
/// <param name="Series">The name, labels and value of each line.</param>
public sealed partial record Metrics(IReadOnlyList<Metrics.One> Series)
{
    public sealed record One(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

    /// <summary>The names, without the suffixes of histogram series.</summary>
    public IReadOnlySet<string> Names => Series.Select(it => Part.Replace(it.Name, "")).ToHashSet();

    public static Metrics Read(string text) =>
        new([
            .. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(line => !line.StartsWith('#'))
                .Select(line => Line.Match(line))
                .Select(match => new One(
                    match.Groups["name"].Value,
                    Label
                        .Matches(match.Groups["labels"].Value)
                        .ToDictionary(it => it.Groups[1].Value, it => it.Groups[2].Value),
                    double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture)
                )),
        ]);

    /// <summary>Responses are cached for a moment, and nothing is counted in the first second.</summary>
    public static async Task<string> FreshAsync(
        Service service,
        Predicate<Metrics> isSo,
        params (string Name, string Value)[] headers
    )
    {
        var text = "";
        await Poll.UntilAsync(
            "The metrics are not what they should be.",
            TimeSpan.FromSeconds(10),
            async () =>
            {
                var answer = await new ApiClient(service).SendAsync(
                    HttpMethod.Get,
                    "/metrics",
                    (string?)null,
                    headers
                );
                text = answer.MustBeOk().Text;
                return isSo(Read(text));
            }
        );
        return text;
    }

    /// <summary>The sum over all series of a name with such a label.</summary>
    public double Sum(string name, string? label = null, string? value = null) =>
        Series
            .Where(it =>
                it.Name == name && (label is null || it.Labels.GetValueOrDefault(label) == value)
            )
            .Sum(it => it.Value);

    [GeneratedRegex(@"^(?<name>[a-zA-Z_:][\w:]*)(\{(?<labels>.*)\})? (?<value>\S+)$")]
    private static partial Regex Line { get; }

    [GeneratedRegex("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\"")]
    private static partial Regex Label { get; }

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Part { get; }
}
