using System.Diagnostics;
using System.Globalization;
using RateLimiter.Bench;
using RateLimiter.Bench.Report;

namespace RateLimiter.Soak;

/// <summary>Something that must hold, and whether it does.</summary>
internal sealed record Finding(bool Holds, string Text);

/// <summary>The results of a run.</summary>
/// <param name="Strikes">The faults, in their order.</param>
/// <param name="Answers">All responses, in the order of their arrival.</param>
/// <param name="Permits">The permits that the subjects got.</param>
/// <param name="Memory">The memory of the instances.</param>
/// <param name="Tenants">The tenants of the load.</param>
/// <param name="Standstills">When the tool itself stood still, in order.</param>
/// <param name="Best">
/// Whether only the best strike of each fault counts, the one with the fastest responses. It is the one that was
/// disturbed the least, and a regression is slow every time.
/// </param>
internal sealed record Findings(
    IReadOnlyList<Strike> Strikes,
    IReadOnlyList<Answer> Answers,
    Permits Permits,
    IReadOnlyList<MemorySample> Memory,
    IReadOnlyList<Tenant> Tenants,
    IReadOnlyList<Standstill> Standstills,
    bool Best
)
{
    /// <summary>What a response may take beside the time that the service waits for the store.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMilliseconds(100) + Slack;

    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromSeconds(2);

    /// <summary>An outage of this length shows whether something grows during it.</summary>
    private static readonly TimeSpan LongOutage = TimeSpan.FromSeconds(30);

    private const double Flat = 1.1;

    /// <summary>
    /// The fraction of the checks that a store on a busy machine may reply to too late without a fault.
    /// </summary>
    private const double Tolerance = 0.001;

    /// <summary>The responses that no fault affected.</summary>
    public IReadOnlyList<Answer> Calm { get; } =
    [.. Answers.Where(answer => !Strikes.Any(strike => strike.Touches(answer)))];

    /// <summary>The faults during which responses were late.</summary>
    public IReadOnlyList<Fault> Late =>
        [
            .. ByFault()
                .Where(one => !one.Fault.KillsService && !JudgeTime(one.Fault, one.Strikes).Holds)
                .Select(one => one.Fault),
        ];

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
            "batches: p99, ms",
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

    /// <summary>The memory of the instances, and how far the machine interfered.</summary>
    public string Describe() =>
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
                .Append(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The machine stood still for {Standstills.Sum(one => one.Duration.TotalSeconds):0.0} s of {Stopwatch.GetElapsedTime(Answers[0].Due, Answers[^1].Completed).TotalSeconds:0} s, in {Standstills.Count} parts, which no answer is blamed for."
                    )
                )
        );

    public IEnumerable<Finding> Judge()
    {
        var undisturbed = Calm.Where(answer => !IsDisturbed(answer)).ToList();
        var checks = undisturbed.Sum(answer => answer.Outcomes.Count);
        var withoutStore = undisturbed.Sum(answer =>
            answer.Outcomes.Count(outcome => !outcome.IsExact)
        );
        yield return new Finding(
            undisturbed.Count > 0 && withoutStore <= Tolerance * checks,
            $"without a fault, checks are decided by the store: {checks - withoutStore} of {checks}, all but a thousandth at least"
        );
        yield return JudgeTime("without a fault", Calm);
        foreach (var (fault, strikes) in ByFault())
        {
            // An instance that has just started is slow until its code is compiled.
            if (!fault.KillsService)
            {
                yield return JudgeTime(fault, strikes);
            }

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

    /// <summary>
    /// How long it took until every instance had used the store again; null when that was not awaited.
    /// </summary>
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

    // A strike without recovery counts as the worst.
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
        var singles = Latencies(answers, areBatches: false);
        var batches = Latencies(answers, areBatches: true);
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
            Table.Cell(Percentile(singles, 0.50), 1),
            Table.Cell(Percentile(singles, 0.99), 1),
            Table.Cell(singles[^1], 1),
            Table.Cell(Percentile(batches, 0.99), 1),
            Table.Cell(batches[^1], 1),
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

    // A check that is late in each of the groups of responses, or a batch that is.
    private Finding JudgeTime(string name, params IReadOnlyList<IReadOnlyList<Answer>> groups)
    {
        var check = groups.Min(group => Percentile(Latencies(group, areBatches: false), 0.99));
        var batch = groups.Min(group => Percentile(Latencies(group, areBatches: true), 0.99));
        return new Finding(
            Math.Max(check, batch) <= AnswerLimit.TotalMilliseconds,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: 99 % of the checks were answered within {check:0} ms and of the batches within {batch:0} ms, at most {AnswerLimit.TotalMilliseconds:0} ms"
            )
        );
    }

    private Finding JudgeTime(Fault fault, IReadOnlyList<Strike> strikes) =>
        Best
            ? JudgeTime(fault.Name, [.. strikes.Select(strike => During([strike]))])
            : JudgeTime(fault.Name, During(strikes));

    private double[] Latencies(IEnumerable<Answer> answers, bool areBatches) =>
        [
            .. answers
                .Where(answer => answer.IsBatch == areBatches)
                .Select(answer => Latency(answer).TotalMilliseconds)
                .Order(),
        ];

    // Without the time in which the tool could not have noticed the response.
    private TimeSpan Latency(Answer answer)
    {
        var latency = answer.Elapsed;
        for (
            var one = FirstEndingAfter(answer.Due);
            one < Standstills.Count && Standstills[one].Begin < answer.Completed;
            one++
        )
        {
            latency -= Standstills[one].Within(answer.Due, answer.Completed);
        }

        return latency;
    }

    private bool IsDisturbed(Answer answer) =>
        FirstEndingAfter(answer.Due - Standstill.Aftermath) is var one
        && one < Standstills.Count
        && Standstills[one].Begin < answer.Completed;

    private int FirstEndingAfter(long time)
    {
        var (low, high) = (0, Standstills.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Standstills[middle].End > time ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

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
