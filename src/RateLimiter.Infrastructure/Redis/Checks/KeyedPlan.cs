using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>A plan with the names of its counters, which all stages of a check need and which are made once.</summary>
internal sealed class KeyedPlan
{
    private readonly CheckPlan plan;

    public KeyedPlan(in CheckPlan plan)
    {
        this.plan = plan;
        Counters = new RedisKey[plan.Count];
        for (var i = 0; i < Counters.Length; i++)
        {
            Counters[i] = RedisKeys.Counter(plan, i);
        }
    }

    /// <summary>The plan.</summary>
    public ref readonly CheckPlan Plan => ref plan;

    /// <summary>The key of the counter of each demand. All are in one slot of a cluster.</summary>
    public RedisKey[] Counters { get; }

    /// <summary>A counter whose slot and shard are those of all.</summary>
    public RedisKey Slot => Counters[0];
}
