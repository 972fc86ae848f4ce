using BitFaster.Caching.Lru;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Overrides;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// Caches the store's denials for as long as the store would have to repeat them, which is
/// <see cref="Decision.StableFor"/>. What ends one earlier, permits refunded or counters reset on any instance, arrives over
/// <see cref="RedisInvalidationChannel"/>; while its subscription is not healthy, the cache is not used. A changed
/// policy has another version, and a policy that an override changes is another one. A denial expires by the clock that it came from, that of the store's shard: when that
/// clock is set, so is the expiry.
/// </summary>
/// <param name="isSubscribed">Whether the subscription to invalidation messages is healthy.</param>
internal sealed class DenialCache(Func<bool> isSubscribed)
{
    /// <summary>The most denials that are cached, at about 500 bytes each. The least used are evicted first.</summary>
    private const int Capacity = 100_000;

    private readonly ConcurrentLru<string, Denial> denials = new(Capacity);
    private long generation;

    /// <summary>Hits and misses of the cache.</summary>
    public CacheCount Requests { get; } = new();

    /// <summary>To be read before the request to the store whose denial is then cached.</summary>
    public long Generation => Interlocked.Read(ref generation);

    /// <summary>
    /// The denial as it is now, or null when the store must be asked. A plan is denied by any of its counters. Where they have
    /// several owners, the denial holds the limits that deny and no others: see <see cref="Decision.Limits"/>.
    /// </summary>
    /// <param name="plan">The plan.</param>
    /// <param name="counters">The names of its counters.</param>
    /// <param name="clock">Their clock.</param>
    public Decision? Find(in CheckPlan plan, RedisKey[] counters, StoreTime clock)
    {
        Decision? denial = null;
        foreach (var counter in counters)
        {
            if (Peek(counter!, plan, clock) is not { } found)
            {
                continue;
            }

            denial = denial is null ? found : Join(denial, found);
            if (plan.Owners is null)
            {
                break;
            }
        }

        if (denial is not null && CanNeverPass(plan, denial))
        {
            denial = null;
        }

        Requests.Add(isHit: denial is not null);
        return denial;
    }

    /// <summary>Caches a denial.</summary>
    /// <param name="stable">The denial.</param>
    /// <param name="asOf">The generation when the store was asked.</param>
    public void Remember(in StableDenial stable, long asOf)
    {
        string counter = stable.Counter!;
        denials.AddOrUpdate(counter, new Denial(stable.Decision, stable.Cost, stable.MinCost));
        if (Generation != asOf)
        {
            // Something was invalidated meanwhile, perhaps this denial.
            denials.TryRemove(counter);
        }
    }

    public void Forget(string counter)
    {
        Interlocked.Increment(ref generation);
        denials.TryRemove(counter);
    }

    /// <summary>Forgets what any counter of a plan denied.</summary>
    public void Forget(KeyedPlan plan)
    {
        foreach (var counter in plan.Counters)
        {
            Forget(counter!);
        }
    }

    public void Clear()
    {
        Interlocked.Increment(ref generation);
        denials.Clear();
    }

    private Decision? Peek(string counter, in CheckPlan plan, StoreTime clock)
    {
        if (!denials.TryGet(counter, out var denial))
        {
            return null;
        }

        if (!Override.AreSame(denial.Decision.Policy.OverriddenBy, plan.Policy.OverriddenBy))
        {
            // Others can now take from the counter what it denied, or could until now.
            denials.TryRemove(counter);
            return null;
        }

        if (
            denial.Cost != plan.Cost
            || denial.MinCost != plan.MinCost
            || denial.Decision.Policy.Version != plan.Policy.Version
            || !isSubscribed()
            || clock.Now is not (var earliest, var latest)
        )
        {
            return null;
        }

        // Whether it has expired is computed from the latest possible time, so that it is never used too long, and the
        // reported wait from the earliest, so that it is never too short. A time before the decision means that the
        // clock has been set back.
        var decision = denial.Decision;
        return earliest >= decision.DecidedAt && latest < decision.DecidedAt + decision.StableFor
            ? decision.After(earliest - decision.DecidedAt)
            : null;
    }

    // A limit that is not known here makes no wait long enough, which only the store's decision says.
    private static bool CanNeverPass(in CheckPlan plan, Decision denial)
    {
        for (var i = 0; i < plan.Count && denial.Limits.Count < plan.Count; i++)
        {
            var limit = plan.Limits[i];
            if (
                (limit.Permits == 0 || plan.MinCost > limit.Capacity)
                && !denial.Limits.Contains(limit)
            )
            {
                return true;
            }
        }

        return false;
    }

    private static Decision Join(Decision denial, Decision other) =>
        Decision.Combine(
            denial.Policy,
            [.. denial.Limits, .. other.Limits],
            [.. denial.Statuses, .. other.Statuses],
            denial.DecidedAt
        );

    private sealed record Denial(Decision Decision, long Cost, long MinCost);
}
