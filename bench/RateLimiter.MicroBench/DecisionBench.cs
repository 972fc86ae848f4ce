using BenchmarkDotNet.Attributes;
using RateLimiter.Domain.Checks;

namespace RateLimiter.MicroBench;

/// <summary>Creates the decision from the store's status of each limit.</summary>
[MemoryDiagnoser]
public class DecisionBench
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    private readonly CheckPlan plan = Policies.PlanOf("search", limits: 1);
    private readonly LimitStatus[] allowed = [new(Wait: 0, Remaining: 9, Reset: 60, Used: 0)];
    private readonly LimitStatus[] denied = [new(Wait: 60, Remaining: 0, Reset: 60, Used: 10)];

    [Benchmark(Baseline = true)]
    public Decision Allowed() => Decision.From(plan, allowed, Now);

    [Benchmark]
    public Decision Denied() => Decision.From(plan, denied, Now);
}
