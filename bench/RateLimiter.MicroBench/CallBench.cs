using BenchmarkDotNet.Attributes;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis.Checks;

namespace RateLimiter.MicroBench;

/// <summary>Writes the arguments of a script call, for a number of checks of one policy.</summary>
[MemoryDiagnoser]
public class CallBench
{
    private KeyedPlan[] plans = [];

    [Params(1, 12, 100)]
    public int Checks { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var (client, policy) = (ClientId.New(), Policies.Of("search", limits: 1));
        plans =
        [
            .. Enumerable
                .Range(0, Checks)
                .Select(i => new KeyedPlan(
                    new CheckPlan(new Subject(client, $"user-{i}", null), policy, 1)
                )),
        ];
    }

    [Benchmark]
    public int Write() => CheckScript.Write("acquire", plans, clock: null, now: 0).Keys.Length;
}
