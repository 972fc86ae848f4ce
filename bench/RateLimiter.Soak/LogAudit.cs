using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;

namespace RateLimiter.Soak;

/// <summary>Searches for acknowledged decisions in the logs of the tenants.</summary>
internal sealed class LogAudit(
    IReadOnlyList<Instance> instances,
    IReadOnlyList<Answer> answers,
    IReadOnlyList<Strike> strikes
)
{
    /// <summary>The newest decisions of a tenant that must be there: half of what a log keeps.</summary>
    private const int Newest = 500;

    private static readonly TimeSpan QueueTime = TimeSpan.FromSeconds(1);

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>
    /// All decisions for the witness must be there, except for as many as the service reports as dropped.
    /// </summary>
    public async Task<Finding> JudgeWitnessAsync(Tenant witness)
    {
        var logged = (await ReadAsync(witness)).ToHashSet();
        var acknowledged = answers
            .Where(answer => answer.Tenant == witness && answer.Outcomes[0].IsExact)
            .ToList();
        var missing = acknowledged
            .Where(answer => !logged.Contains(Entry.Of(answer.Checks.Single())))
            .ToList();
        var withService = missing.Count(WentWithService);
        var inCalm = missing.Count(answer => !strikes.Any(strike => Explains(strike, answer)));
        var leftOut = instances.Sum(instance => instance.LeftOut);
        return new Finding(
            acknowledged.Count > 0 && inCalm == 0 && missing.Count - withService <= leftOut,
            $"the log has the decisions of the witness: {acknowledged.Count} acknowledged, {missing.Count} missing, {inCalm} of them without a fault and {withService} gone with an instance; the service says it left out {leftOut} of all tenants"
        );
    }

    /// <summary>The newest decisions must be there.</summary>
    public async Task<Finding> JudgeNewestAsync(IReadOnlyList<Tenant> tenants)
    {
        var (missing, all) = (0, 0);
        foreach (var tenant in tenants)
        {
            var logged = (await ReadAsync(tenant)).CountBy(entry => entry).ToDictionary();
            // Decisions after the last fault must be there without exception.
            var newest = answers
                .Reverse()
                .TakeWhile(answer => !strikes.Any(strike => Explains(strike, answer)))
                .Where(answer => answer.Tenant == tenant)
                .SelectMany(answer => answer.Checks)
                .Where(check => check.Outcome.IsExact)
                .Take(Newest)
                .Select(Entry.Of)
                .ToList();
            all += newest.Count;
            missing += newest
                .CountBy(entry => entry)
                .Sum(entry => Math.Max(0, entry.Value - logged.GetValueOrDefault(entry.Key)));
        }

        return new Finding(
            all > 0 && missing == 0,
            $"the logs have the newest decisions of the load: {all} looked for, {missing} missing"
        );
    }

    // Decisions that were in an instance's queue when it was killed.
    private bool WentWithService(Answer answer) =>
        strikes.Any(strike => strike.Fault.KillsService && Explains(strike, answer));

    // A decision waits for a moment before it is written.
    private static bool Explains(Strike strike, Answer answer) =>
        Stopwatch.GetElapsedTime(answer.Completed, strike.Begin) <= QueueTime
        && answer.Completed <= strike.End;

    private static async Task<IReadOnlyList<Entry>> ReadAsync(Tenant tenant) =>
        (
            await tenant
                .Callers[0]
                .GetFromJsonAsync<IReadOnlyList<Entry>>("/logs/latest?limit=1000", Json)
        )!;

    private sealed record Entry(string UserId, string Route, bool Allowed, long Remaining)
    {
        public static Entry Of((Subject Subject, Outcome Outcome) check) =>
            new(
                check.Subject.User,
                check.Subject.Rule.Route,
                check.Outcome.Allowed,
                check.Outcome.Remaining
            );
    }
}
