using BenchmarkDotNet.Attributes;
using RateLimiter.Domain.Policies;

namespace RateLimiter.MicroBench;

/// <summary>Finds the policy that applies.</summary>
[MemoryDiagnoser]
public class PolicyTableBench
{
    private readonly PolicyTable table = new(
        Enumerable.Range(0, 100).Select(route => Policies.Of($"route-{route}", limits: 1))
    );

    [Benchmark(Baseline = true)]
    public Policy? RouteAndRole() => table.Resolve("route-50", PolicyKey.DefaultRole);

    [Benchmark]
    public Policy? DefaultRole() => table.Resolve("route-50", "pro");
}
