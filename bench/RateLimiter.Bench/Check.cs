using System.Globalization;
using RateLimiter.Bench.Report;
using RateLimiter.Bench.Scenarios;

namespace RateLimiter.Bench;

/// <summary>The short form: looks whether the ratios are still what the document promises.</summary>
internal static class Check
{
    private const int Tries = 3;

    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(Settings settings)
    {
        var promises = Promises.Read();
        var goals = Goal.All.Where(goal => goal.IsRatio).ToDictionary(goal => goal.Key);
        var (passed, failed) = (0, 0);
        foreach (var scenario in Scenario.All.Where(scenario => scenario.IsInCheck))
        {
            Dictionary<string, double> best = [];
            for (var attempt = 1; attempt <= Tries; attempt++)
            {
                var outcome = await scenario.RunAsync(settings);
                foreach (var (key, value) in outcome.Figures.Where(IsPromised))
                {
                    best[key] = best.TryGetValue(key, out var earlier)
                        ? goals[key].Better(value, earlier)
                        : value;
                }

                if (best.All(IsKept))
                {
                    break;
                }
            }

            foreach (var figure in best)
            {
                var isKept = IsKept(figure);
                (passed, failed) = isKept ? (passed + 1, failed) : (passed, failed + 1);
                Console.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{(isKept ? "ok  " : "FAIL")} {figure.Key}: {figure.Value:0.00}, promised {promises[figure.Key]:0.00}"
                    )
                );
            }
        }

        Console.WriteLine($"{passed} passed, {failed} failed");
        return passed > 0 && failed == 0 ? 0 : 1;

        bool IsPromised(Figure figure) =>
            goals.ContainsKey(figure.Key) && promises.ContainsKey(figure.Key);

        bool IsKept(KeyValuePair<string, double> figure) =>
            goals[figure.Key].Keeps(promises[figure.Key], figure.Value);
    }
}
