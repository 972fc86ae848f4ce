using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>A plan with the names of its counters, which all stages of a check need and which are made once.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Counters">The key of the counter of each demand. All are in one slot of a cluster.</param>
internal readonly record struct KeyedPlan(CheckPlan Plan, RedisKey[] Counters)
{
    public static KeyedPlan Of(in CheckPlan plan)
    {
        var counters = new RedisKey[plan.Count];
        for (var i = 0; i < counters.Length; i++)
        {
            counters[i] = RedisKeys.Counter(plan, i);
        }

        return new KeyedPlan(plan, counters);
    }

    /// <summary>A counter whose slot and shard are those of all.</summary>
    public RedisKey Slot => Counters[0];
}
