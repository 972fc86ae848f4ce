using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>A plan with the names of its counters, which all stages of a check need and which are made once.</summary>
/// <param name="plan">The plan.</param>
/// <param name="counters">What <see cref="NamesOf"/> made of it.</param>
internal sealed class KeyedPlan(in CheckPlan plan, RedisKey[] counters)
{
    private readonly CheckPlan plan = plan;

    public KeyedPlan(in CheckPlan plan)
        : this(plan, NamesOf(plan)) { }

    /// <summary>The plan.</summary>
    public ref readonly CheckPlan Plan => ref plan;

    /// <summary>The key of the counter of each demand. All are in one slot of a cluster.</summary>
    public RedisKey[] Counters { get; } = counters;

    /// <summary>The reservation that it makes; null when it makes none.</summary>
    public ReservationEntry? Reservation { get; init; }

    /// <summary>
    /// The keys that the script needs: the counters, with an idempotency key that of the kept answer, and that of a reservation.
    /// </summary>
    public RedisKey[] Keys =>
        plan.Idempotency is null && Reservation is null
            ? Counters
            :
            [
                .. Counters,
                .. plan.Idempotency is { } key ? [RedisKeys.Answer(plan, key)] : (RedisKey[])[],
                .. Reservation is { } made ? [made.Record] : (RedisKey[])[],
            ];

    /// <summary>A counter whose slot and shard are those of all.</summary>
    public RedisKey Slot => Counters[0];

    /// <summary>The names of the counters of a plan: what a remembered denial needs, which is asked first.</summary>
    public static RedisKey[] NamesOf(in CheckPlan plan)
    {
        var counters = new RedisKey[plan.Count];
        for (var i = 0; i < counters.Length; i++)
        {
            counters[i] = RedisKeys.Counter(plan, i);
        }

        return counters;
    }
}
