using System.Diagnostics;
using System.Globalization;
using RateLimiter.Bench;
using RateLimiter.Bench.Report;

namespace RateLimiter.Soak;

/// <summary>Something that must hold, and whether it does.</summary>
internal sealed record Finding(bool Holds, string Text);

/// <summary>What a run says.</summary>
/// <param name="Strikes">The faults, in their order.</param>
/// <param name="Answers">All answers, in the order in which they came.</param>
/// <param name="Permits">What the subjects got.</param>
/// <param name="Memory">The memory of the instances.</param>
/// <param name="Tenants">Those of the load.</param>
internal sealed record Findings(
    IReadOnlyList<Strike> Strikes,
    IReadOnlyList<Answer> Answers,
    Permits Permits,
    IReadOnlyList<MemorySample> Memory,
    IReadOnlyList<Tenant> Tenants
)
{
    /// <summary>The longest that a check waits for the store, and what else an answer may take.</summary>
    public static readonly TimeSpan InTime = TimeSpan.FromMilliseconds(100 + 50);

    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromSeconds(2);

    /// <summary>An outage this long shows whether something grows in it.</summary>
    private static readonly TimeSpan LongOutage = TimeSpan.FromSeconds(30);

    private const double Flat = 1.1;

    /// <summary>The answers that no fault had to do with.</summary>
    public IReadOnlyList<Answer> Calm { get; } =
    [.. Answers.Where(answer => !Strikes.Any(strike => strike.Touches(answer)))];

    public Table ToTable()
    {
        var modes = Tenants.Select(tenant => tenant.OnStoreFailure).Distinct().ToList();
        var table = new Table(
            "",
            "s",
            "checks answered",
            "degraded",
            "errors",
            "p50, ms",
            "p99, ms",
            "longest, ms",
            modes is [null] ? "above the limit" : $"above the limit: {string.Join(" / ", modes)}",
            "recovered after, s"
        );
        Add(table, "nothing", Calm, [], modes);
        foreach (var (fault, strikes) in ByFault())
        {
            Add(table, fault.Text, During(strikes), strikes, modes);
        }

        return table;
    }

    public string DescribeMemory() =>
        string.Join(
            '\n',
            Memory
                .GroupBy(sample => sample.Instance)
                .Select(instance =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"Instance {instance.Key} held {instance.First().Megabytes:N0} MB at first, {instance.Max(sample => sample.Megabytes):N0} MB at most and {instance.Last().Megabytes:N0} MB at last."
                    )
                )
        );

    public IEnumerable<Finding> Judge()
    {
        yield return new Finding(
            Calm.Count > 0 && Calm.All(answer => answer.Outcomes.All(outcome => outcome.IsExact)),
            $"without a fault, every check is decided by the store: {Errors(Calm)}"
        );
        yield return JudgeTime("without a fault", Calm);
        foreach (var (fault, strikes) in ByFault())
        {
            yield return JudgeTime(fault.Name, During(strikes));
            yield return new Finding(
                Recovery(strikes) <= RecoveryLimit,
                $"{fault.Name}: recovered after {Seconds(Recovery(strikes))}, at most {Seconds(RecoveryLimit)}"
            );
            yield return new Finding(
                During(strikes)
                    .SelectMany(answer => answer.Outcomes)
                    .All(outcome =>
                        outcome.Status is 200 or 503
                        || (fault.KillsService && outcome.Status == Outcome.NoAnswer)
                    ),
                $"{fault.Name}: no errors but 503: {Errors(During(strikes))}"
            );
        }

        var violations = Permits.Violations.ToList();
        yield return new Finding(
            violations.Count == 0 && Permits.Full > 0,
            $"no subject got more than its limit: {Permits.Subjects} subjects, {Permits.Full} of them full; {(violations.Count == 0 ? "none" : string.Join(", ", violations.Take(5)))}"
        );
        foreach (var strike in Strikes.Where(IsLong))
        {
            yield return JudgeMemory(strike);
        }
    }

    /// <summary>How long it took until every instance had asked the store again; null when it was not waited for.</summary>
    private TimeSpan? Recovery(Strike strike)
    {
        var first = Answers
            .Where(answer =>
                answer.Completed > strike.Back
                && answer.Completed <= strike.End
                && answer.ShowsStore
            )
            .GroupBy(answer => answer.Instance)
            .Select(instance => instance.First().Completed)
            .ToList();
        return first.Count == Memory.Select(sample => sample.Instance).Distinct().Count()
            ? Stopwatch.GetElapsedTime(strike.Back, first.Max())
            : null;
    }

    // One that did not recover counts as the worst.
    private TimeSpan? Recovery(IEnumerable<Strike> strikes)
    {
        var each = strikes.Select(Recovery).ToList();
        return each.Contains(null) ? null : each.Max();
    }

    private static string Seconds(TimeSpan? time) =>
        time is { } known
            ? string.Create(CultureInfo.InvariantCulture, $"{known.TotalSeconds:0.00} s")
            : "never";

    private IEnumerable<(Fault Fault, IReadOnlyList<Strike> Strikes)> ByFault() =>
        Strikes
            .GroupBy(strike => strike.Fault)
            .Select(strikes => (strikes.Key, (IReadOnlyList<Strike>)[.. strikes]));

    private List<Answer> During(IReadOnlyList<Strike> strikes) =>
        [.. Answers.Where(answer => strikes.Any(strike => strike.Touches(answer)))];

    private void Add(
        Table table,
        string name,
        IReadOnlyList<Answer> answers,
        IReadOnlyList<Strike> strikes,
        IReadOnlyList<string?> modes
    )
    {
        var latencies = Latencies(answers);
        var outcomes = answers.SelectMany(answer => answer.Outcomes).ToList();
        table.Add(
            name,
            Table.Cell(
                strikes.Count == 0
                    ? null
                    : strikes.Sum(strike =>
                        Stopwatch.GetElapsedTime(strike.Begin, strike.End).TotalSeconds
                    ),
                1
            ),
            Table.Cell(outcomes.Count(outcome => outcome.Status == 200)),
            Table.Cell(outcomes.Count(outcome => outcome.Degraded)),
            Errors(answers),
            Table.Cell(Percentile(latencies, 0.50), 1),
            Table.Cell(Percentile(latencies, 0.99), 1),
            Table.Cell(latencies[^1], 1),
            string.Join(
                " / ",
                modes.Select(mode =>
                    Table.Cell(
                        Permits.CountAbove(
                            answer => strikes.Any(strike => strike.Touches(answer)),
                            mode
                        )
                    )
                )
            ),
            strikes.Count == 0 ? "" : Table.Cell(Recovery(strikes)?.TotalSeconds, 2)
        );
    }

    private static Finding JudgeTime(string name, IReadOnlyList<Answer> answers)
    {
        var p99 = Percentile(Latencies(answers), 0.99);
        return new Finding(
            p99 <= InTime.TotalMilliseconds,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: 99 % of the answers came within {p99:0} ms, at most {InTime.TotalMilliseconds:0} ms"
            )
        );
    }

    private static double[] Latencies(IEnumerable<Answer> answers) =>
        [.. answers.Select(answer => answer.Latency.TotalMilliseconds).Order()];

    private static double Percentile(double[] sorted, double part) =>
        sorted.Length > 0
            ? sorted[(int)Math.Ceiling(sorted.Length * part) - 1]
            : throw new BenchException("Nothing was asked.");

    private static string Errors(IEnumerable<Answer> answers)
    {
        var errors = answers
            .SelectMany(answer => answer.Outcomes)
            .Where(outcome => outcome.Status != 200)
            .CountBy(outcome => outcome.Status)
            .OrderBy(error => error.Key)
            .Select(error =>
                $"{Table.Cell(error.Value)} × {(error.Key == Outcome.NoAnswer ? "none" : $"{error.Key}")}"
            );
        return string.Join(", ", errors) is { Length: > 0 } some ? some : "0";
    }

    private static bool IsLong(Strike strike) =>
        Stopwatch.GetElapsedTime(strike.Begin, strike.Back) >= LongOutage;

    private Finding JudgeMemory(Strike strike)
    {
        var third = (strike.Back - strike.Begin) / 3;
        var first = Most(strike.Begin, strike.Begin + third);
        var last = Most(strike.Back - third, strike.Back);
        return new Finding(
            last <= first * Flat,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{strike.Fault.Name}: memory stays flat: {first:0} MB at most in the first third, {last:0} MB in the last"
            )
        );

        double Most(long from, long to) =>
            Memory
                .Where(sample => sample.Time >= from && sample.Time <= to)
                .Max(sample => sample.Megabytes);
    }
}
