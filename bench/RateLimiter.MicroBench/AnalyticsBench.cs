using BenchmarkDotNet.Attributes;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Analytics;

namespace RateLimiter.MicroBench;

/// <summary>Counts a decision, among a thousand users and ten routes.</summary>
[MemoryDiagnoser]
public class AnalyticsBench
{
    private const int Users = 1000;

    private static readonly TimeSpan Took = TimeSpan.FromMilliseconds(0.4);

    private readonly ClientId client = ClientId.New();
    private readonly LogEntry[] decisions =
    [
        .. Enumerable
            .Range(0, Users)
            .Select(user => new LogEntry(
                DateTimeOffset.UnixEpoch.AddDays(20_000),
                $"user-{user}",
                $"route-{user % 10}",
                PolicyKey.DefaultRole,
                PolicyKey.DefaultRole,
                Allowed: user % 3 > 0,
                ShadowDenied: false,
                Degraded: false,
                Reason: null,
                Cost: 1,
                Remaining: 9,
                Limit: 10,
                Capacity: 10
            )),
    ];
    private readonly Policy policy = Policies.Of(PolicyKey.CatchAllRoute, limits: 1);
    private readonly DecisionCounts counts = new();

    [Benchmark(OperationsPerInvoke = Users)]
    public void Add()
    {
        foreach (var decision in decisions)
        {
            counts.Add(client, policy, decision, Took);
        }
    }
}
