using System.Globalization;
using System.Text;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Figures;

/// <summary>The error rate of the sliding window, which estimates what the sliding log knows exactly.</summary>
internal static class AccuracyTable
{
    private const int RequestsPerLoad = 10_000;
    private const long Permits = 100;
    private const long Window = 60 * Traffic.Second;
    private const long Start = 1_700_000_040 * Traffic.Second;

    /// <summary>How far the estimate may be off to count as near.</summary>
    private const long Near = Permits / 20;

    private static readonly (string Name, Func<Random, IEnumerable<long>> Arrivals)[] Loads =
    [
        ("Poisson, 0.5 × the limit", random => Poisson(random, Window / (Permits * 0.5))),
        ("Poisson, 1 × the limit", random => Poisson(random, Window / (Permits * 1.0))),
        ("Poisson, 2 × the limit", random => Poisson(random, Window / (Permits * 2.0))),
        ("bursts of 20, 1 × the limit", random => Bursts(random, 20)),
        ("bursts of 150, 1 × the limit", random => Bursts(random, 150)),
        ("the worst, made on purpose", _ => Worst()),
    ];

    public static string Write()
    {
        var table = new StringBuilder(
            $"""
            | traffic | allowed by `sliding_log` | allowed by `sliding_window` | wrongly allowed | wrongly denied | wrong by more than {Near} permits | most within one window |
            |---|---:|---:|---:|---:|---:|---:|

            """
        );
        for (var i = 0; i < Loads.Length; i++)
        {
            var arrivals = Loads[i].Arrivals(new Random(i)).Take(RequestsPerLoad).ToArray();
            var exact = Decide(Algorithm.SlidingLog, arrivals);
            var estimated = Decide(Algorithm.SlidingWindow, arrivals);
            var given = Given(arrivals, estimated);
            var judged = estimated.Zip(given).ToArray();
            string[] cells =
            [
                Loads[i].Name,
                Share(exact, isAllowed => isAllowed),
                Share(estimated, isAllowed => isAllowed),
                Share(judged, decision => decision is (true, >= Permits)),
                Share(judged, decision => decision is (false, < Permits)),
                Share(
                    judged,
                    decision => decision is (true, >= Permits + Near) or (false, < Permits - Near)
                ),
                $"{judged.Max(decision => decision.Second + (decision.First ? 1 : 0))}",
            ];
            table.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
        }

        return table.ToString();
    }

    private static string Share<T>(IEnumerable<T> decisions, Func<T, bool> counts) =>
        (100.0 * decisions.Count(counts) / RequestsPerLoad).ToString(
            "0.00 '%'",
            CultureInfo.InvariantCulture
        );

    private static bool[] Decide(Algorithm algorithm, IEnumerable<long> arrivals)
    {
        var limit = LimitOf(algorithm, Permits);
        Counter[] counters = [Counter.Create(algorithm)];
        return
        [
            .. arrivals.Select(time => Counter.Acquire(counters, [limit], time, 1)[0].Wait == 0),
        ];
    }

    /// <summary>
    /// The permits that a limiter had really given in the window before each arrival, from an exact log of what it
    /// gave. A separate exact limiter cannot be the reference: after one difference the two have different histories.
    /// </summary>
    private static long[] Given(IEnumerable<long> arrivals, IEnumerable<bool> decisions)
    {
        var limit = LimitOf(Algorithm.SlidingLog, Limit.MaxLoggedPermits);
        Counter[] counters = [Counter.Create(Algorithm.SlidingLog)];
        return
        [
            .. arrivals.Zip(
                decisions,
                (time, isAllowed) =>
                    Counter.Acquire(counters, [limit], time, isAllowed ? 1 : 0)[0].Used
            ),
        ];
    }

    private static RateLimit LimitOf(Algorithm algorithm, long permits) =>
        RateLimit.Create(Limit.DefaultName, algorithm, permits, TimeSpan.FromMicroseconds(Window));

    private static IEnumerable<long> Poisson(Random random, double meanGap)
    {
        for (var time = (double)Start; ; )
        {
            time += -Math.Log(1 - random.NextDouble()) * meanGap;
            yield return (long)time;
        }
    }

    // At random moments, at the limit's rate in the long run; one may begin before another ends.
    private static IEnumerable<long> Bursts(Random random, int size) =>
        Poisson(random, (double)Window * size / Permits)
            .Take(RequestsPerLoad / size + 1)
            .SelectMany(start => Enumerable.Range(0, size).Select(i => start + i * 20_000L))
            .Order();

    // All permits at the end of a window, then as many more as the estimate allows, then a pause.
    private static IEnumerable<long> Worst()
    {
        for (var start = Start; ; start += 4 * Window)
        {
            for (var i = Permits; i > 0; i--)
            {
                yield return start + Window - i * 1000;
            }

            for (var i = 0; i < Permits; i++)
            {
                yield return start + Window + (i + 1) * Window / Permits - 2000;
            }
        }
    }
}
