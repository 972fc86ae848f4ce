namespace RateLimiter.Bench.Report;

/// <summary>A measured figure, under the goal's key.</summary>
internal sealed record Figure(string Key, double Value);

/// <summary>A figure that must not get worse.</summary>
/// <param name="Key">Its name in the file of promises.</param>
/// <param name="Text">What it measures.</param>
/// <param name="Bound">What it should reach, or stay below; null when there is no target value.</param>
/// <param name="LessIsBetter">Whether it should stay below.</param>
/// <param name="IsRatio">Whether it holds on any machine, so that a change can be judged by it.</param>
/// <param name="Decimals">The number of decimals shown.</param>
/// <param name="Promise">
/// The promised value, where that is not the last measured one, because it depends on the speed of the machine.
/// </param>
internal sealed record Goal(
    string Key,
    string Text,
    double? Bound,
    bool LessIsBetter = false,
    bool IsRatio = true,
    int Decimals = 2,
    double? Promise = null
)
{
    /// <summary>How far a ratio may fall behind its promise, because machines are noisy.</summary>
    private const double Slack = 0.15;

    public static IReadOnlyList<Goal> All { get; } =
    [
        new("allowed / nginx", "`POST /check`, allowed, × nginx + Lua + Redis", 1.0),
        new("allowed / bare", "`POST /check`, allowed, × bare MVC action", 0.80),
        new("denied / bare", "`POST /check`, denied, × bare MVC action", 0.95),
        new(
            "batch",
            "`POST /check/batch` of 100, decisions/s",
            300_000,
            IsRatio: false,
            Decimals: 0
        ),
        new("batch / bare", "the same, decisions × requests of the bare MVC action", null),
        new(
            "half-rate p99 / bare",
            "p99 at half of the maximum rate, × bare MVC action",
            2.0,
            LessIsBetter: true
        ),
        new("scripts / check", "store calls for each check, under load", 1.0, true, Promise: 0.3),
        new("allocated / bare", "bytes allocated for a check, × bare MVC action", 1.3, true),
        new("sliding_window / fixed_window", "`sliding_window`, × `fixed_window`", 0.85),
        new("sliding_log / fixed_window", "`sliding_log`, × `fixed_window`", 0.85),
        new("token_bucket / fixed_window", "`token_bucket`, × `fixed_window`", 0.85),
        new("leaky_bucket / fixed_window", "`leaky_bucket`, × `fixed_window`", 0.85),
        new("calendar / fixed_window", "`calendar`, × `fixed_window`", 0.97),
        new("three limits / fixed_window", "a policy of three limits, × `fixed_window`", 0.75),
        new(
            "three subjects / three limits",
            "three limits of three subjects, × three limits of the user",
            0.95
        ),
        new(
            "organisation / user",
            "one organisation of 10,000 users, allowed, × one limit of the user",
            null
        ),
        new(
            "exhausted organisation / user",
            "one exhausted organisation, denied, × denied users",
            0.95
        ),
        new("embedded / redis", "the embedded store, × Redis", 0.80),
        new("postgres / redis", "with PostgreSQL as the system of record, × without", 0.95),
        new("analytics / without", "with analytics, × without", 0.95),
        new("metrics / without", "with metrics, × without", 0.95),
        new("scraped / without", "with metrics scraped every second, × without", 0.95),
        new("100 streams / none", "with 100 open streams of all decisions, × without", 0.95),
        new("1000 streams / none", "with 1,000 open streams, × without", null),
        new(
            "client, batching / without",
            "one process with `RateLimiter.Client` and 64 callers, batching, × without",
            null
        ),
        new("client of 512 callers, batching / without", "with 512 callers, × without", null),
        new(
            "starved, degraded",
            "with a quarter of a core and a healthy store, share of checks that are degraded",
            0.0001,
            true,
            Decimals: 4
        ),
        new(
            "starved, failed",
            "with a quarter of a core and a healthy store, share of checks that fail",
            0,
            true
        ),
        new(
            "batches' neighbour, p99 / quiet",
            "p99 of a tenant's checks during another tenant's batches of the most expensive checks, × without",
            2.0,
            LessIsBetter: true
        ),
        new(
            "batches' neighbour, degraded",
            "the same checks, degraded, %",
            1.0,
            LessIsBetter: true,
            IsRatio: false
        ),
        new(
            "imports' neighbour, p99 / quiet",
            "p99 of a tenant's checks during another tenant's imports and loads of 9,900 policies, × without",
            2.0,
            LessIsBetter: true
        ),
        new(
            "imports' neighbour, degraded",
            "the same checks, degraded, %",
            1.0,
            LessIsBetter: true,
            IsRatio: false
        ),
        new("start", "start to first check answered, with Redis, s", 1.5, true, IsRatio: false),
        new(
            "start, embedded",
            "start to first check answered, embedded store, s",
            1.5,
            true,
            IsRatio: false
        ),
        new("memory", "resident memory when idle, with Redis, MB", 120, true, false, 0),
        new(
            "memory, embedded",
            "resident memory when idle, embedded store, MB",
            200,
            true,
            false,
            0
        ),
        new("scale", "with many subjects, policies and tenants, × with few", 0.90),
        new("two instances", "two instances on one Redis, × one instance", null),
    ];

    public bool IsMetBy(double value) =>
        Bound is not { } bound || (LessIsBetter ? value <= bound : value >= bound);

    public bool Keeps(double promise, double value) =>
        LessIsBetter ? value <= promise * (1 + Slack) : value >= promise * (1 - Slack);

    public double Better(double one, double another) =>
        LessIsBetter ? Math.Min(one, another) : Math.Max(one, another);

    /// <summary>All goals with their measured figures.</summary>
    public static Table Compare(IReadOnlyDictionary<string, double> measured)
    {
        var table = new Table("", "measured", "goal", "");
        foreach (var goal in All.Where(goal => measured.ContainsKey(goal.Key)))
        {
            var value = measured[goal.Key];
            table.Add(
                goal.Text,
                Table.Cell(value, goal.Decimals),
                goal.Bound is null
                    ? ""
                    : $"{(goal.LessIsBetter ? "≤" : "≥")} {Table.Cell(goal.Bound, goal.Decimals)}",
                goal.Bound is null ? ""
                    : goal.IsMetBy(value) ? "met"
                    : "missed"
            );
        }

        return table;
    }
}
