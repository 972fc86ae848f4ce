using RateLimiter.Domain.Checks;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>The reply to a call of check.lua.</summary>
/// <param name="DecidedAt">The store's time.</param>
/// <param name="Decisions">One for each plan; null for a plan of which a counter is broken, and for one that is outdated.</param>
/// <param name="Denials">The denials that will not change for a while.</param>
/// <param name="Outdated">The plans that were written for a time other than the store's, and of which nothing was done.</param>
/// <param name="Failure">What is wrong with a broken counter.</param>
internal readonly record struct CheckReply(
    DateTimeOffset DecidedAt,
    Decision?[] Decisions,
    IReadOnlyList<StableDenial> Denials,
    IReadOnlyList<int> Outdated,
    string? Failure
);

/// <summary>A denial that stays what it is for its <see cref="Decision.StableFor"/>.</summary>
/// <param name="Counter">The counter that denies.</param>
/// <param name="Cost">The permits that were asked for.</param>
/// <param name="MinCost">The fewest that would have been taken.</param>
/// <param name="Decision">The denial, with the figures that are stable.</param>
internal readonly record struct StableDenial(
    RedisKey Counter,
    long Cost,
    long MinCost,
    Decision Decision
)
{
    public StableDenial(RedisKey counter, in CheckPlan plan, Decision decision)
        : this(counter, plan.Cost, plan.MinCost, decision) { }
}
