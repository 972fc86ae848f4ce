using System.Globalization;
using RateLimiter.Bench.Report;
using RateLimiter.Bench.Scenarios;

namespace RateLimiter.Bench;

/// <summary>The short form: verifies that the ratios are still those that the document promises.</summary>
internal sealed class Check(Settings settings, IReadOnlyList<string> scenarios)
{
    private const int Tries = 3;

    private readonly SortedDictionary<string, double> promises = Promises.Read();
    private int passed;
    private int failed;

    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync()
    {
        foreach (
            var scenario in Scenario.All.Where(one => one.IsInCheck && scenarios.Contains(one.Name))
        )
        {
            try
            {
                foreach (var (goal, value) in await BestAsync(scenario))
                {
                    Tell(goal, value);
                }
            }
            catch (BenchException exception) when (!StartedResources.IsInterrupted)
            {
                failed++;
                Console.WriteLine($"FAIL {scenario.Name}: {exception.Message}");
            }
        }

        Console.WriteLine($"{passed} passed, {failed} failed");
        return passed > 0 && failed == 0 ? 0 : 1;
    }

    // The machine may be busy with something else, so a ratio that has fallen is measured again.
    private async Task<Dictionary<Goal, double>> BestAsync(Scenario scenario)
    {
        Dictionary<Goal, double> best = [];
        for (var attempt = 1; attempt <= Tries; attempt++)
        {
            var outcome = await scenario.RunAsync(settings);
            foreach (var (key, value) in outcome.Figures)
            {
                var goal = Goal.All.Single(goal => goal.Key == key);
                if (goal.IsRatio)
                {
                    best[goal] = goal.Better(value, best.GetValueOrDefault(goal, value));
                }
            }

            if (best.All(figure => IsKept(figure.Key, figure.Value)))
            {
                break;
            }
        }

        return best;
    }

    private double? PromiseOf(Goal goal) =>
        goal.Promise ?? (promises.TryGetValue(goal.Key, out var promise) ? promise : null);

    private bool IsKept(Goal goal, double value) =>
        PromiseOf(goal) is { } promise && goal.Keeps(promise, value);

    private void Tell(Goal goal, double value)
    {
        var isKept = IsKept(goal, value);
        (passed, failed) = isKept ? (passed + 1, failed) : (passed, failed + 1);
        var promise = PromiseOf(goal) is { } promised
            ? string.Create(CultureInfo.InvariantCulture, $"{promised:0.00} promised")
            : "nothing promised";
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{(isKept ? "ok  " : "FAIL")} {goal.Key}: {value:0.00}, {promise}"
            )
        );
    }
}
