using System.Globalization;
using System.Text;
using RateLimiter.Domain.Policies;

namespace RateLimiter.StoreCost;

/// <summary>
/// The store's time for a check, from its own statistics. Each round measures every case once, so that other load on
/// the machine affects all of them.
/// </summary>
internal static class TimeTable
{
    private const int Rounds = 9;
    private const int ChecksPerRound = 10_000;

    private static readonly TimeSpan Window = TimeSpan.FromHours(1);

    private static readonly (
        string Name,
        int Permits,
        IReadOnlyList<Algorithm> Algorithms
    )[] Cases =
    [
        ("fixed_window", 100, [Algorithm.FixedWindow]),
        ("calendar", 100, [Algorithm.Calendar]),
        ("sliding_window", 100, [Algorithm.SlidingWindow]),
        ("token_bucket", 100, [Algorithm.TokenBucket]),
        ("leaky_bucket, burst 100", 100, [Algorithm.LeakyBucket]),
        ("sliding_log, 100 permits", 100, [Algorithm.SlidingLog]),
        ("sliding_log, 10,000 permits", 10_000, [Algorithm.SlidingLog]),
        (
            "three limits: fixed_window, sliding_window, token_bucket",
            100,
            [Algorithm.FixedWindow, Algorithm.SlidingWindow, Algorithm.TokenBucket]
        ),
    ];

    public static async Task<string> MeasureAsync(Store store, Subjects subjects)
    {
        var allowed = Cases.Select(_ => new List<double>()).ToArray();
        var denied = Cases.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < Cases.Length; i++)
            {
                var (_, permits, algorithms) = Cases[i];
                var policy = Subjects.PolicyOf([
                    .. algorithms.Select(algorithm =>
                        Subjects.LimitOf(
                            $"{algorithm}",
                            algorithm,
                            permits,
                            Window,
                            Limit.IsBucket(algorithm) ? permits : null
                        )
                    ),
                ]);
                allowed[i].Add(await TimeAsync(policy, permits, isAllowed: true));
                denied[i].Add(await TimeAsync(policy, permits, isAllowed: false));
                await store.EmptyAsync();
            }
        }

        var table = new StringBuilder(
            """
            | one check | allowed, µs | × fixed_window | denied, µs | × fixed_window |
            |---|---:|---:|---:|---:|

            """
        );
        for (var i = 0; i < Cases.Length; i++)
        {
            table.Append(
                CultureInfo.InvariantCulture,
                $"| {Cases[i].Name} | {Median(allowed[i]):0.0} | {Ratio(allowed[i], allowed[0]):0.00} | "
            );
            table.Append(
                CultureInfo.InvariantCulture,
                $"{Median(denied[i]):0.0} | {Ratio(denied[i], denied[0]):0.00} |\n"
            );
        }

        return table.ToString();

        async Task<double> TimeAsync(Policy policy, int permits, bool isAllowed)
        {
            await store.ResetTimesAsync();
            await subjects.CheckAsync(policy, ChecksPerRound / permits, permits, isAllowed);
            return await store.MicrosecondsPerScriptAsync();
        }
    }

    private static double Ratio(IEnumerable<double> times, IEnumerable<double> others) =>
        Median(times.Zip(others, (time, other) => time / other));

    private static double Median(IEnumerable<double> values) =>
        values.Order().ElementAt(Rounds / 2);
}
