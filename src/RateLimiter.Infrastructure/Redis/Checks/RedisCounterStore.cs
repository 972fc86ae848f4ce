using RateLimiter.Application.Checks;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// Counters in Redis: one script decides and records atomically, so that no other caller on any instance can interfere. A plan
/// that no remembered denial answers goes to its shard, which batches it, and from there to the script.
/// </summary>
internal sealed class RedisCounterStore : ICounterStore, IDisposable
{
    private static readonly RedisScript Reset = RedisScript.Load("reset");

    private readonly RedisConnection connection;
    private readonly CheckShard[] shards;

    public RedisCounterStore(
        RedisConnection connection,
        RedisInvalidationChannel invalidations,
        TimeProvider time
    )
    {
        this.connection = connection;
        Denials = new DenialCache(() => invalidations.IsSubscribed);
        invalidations.Freed += Denials.Forget;
        invalidations.MessagesLost += Denials.Clear;
        Caller = new CheckCaller(connection, Denials, ClockOf, time);
        shards =
        [
            .. Enumerable
                .Range(0, ClusterMap.MaxShards)
                .Select(_ => new CheckShard(connection, Caller, time)),
        ];
    }

    /// <summary>The cached denials.</summary>
    internal DenialCache Denials { get; }

    /// <summary>Calls the script, without a wait for a turn.</summary>
    internal CheckCaller Caller { get; }

    /// <summary>The number of checks that wait to be sent.</summary>
    internal int Waiting => shards.Sum(shard => shard.Waiting);

    public void Dispose()
    {
        foreach (var shard in shards)
        {
            shard.Dispose();
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Continues after the caller has disconnected: the decision takes no longer than the time-out, and observing each
    /// caller's cancellation would cost more.
    /// </remarks>
    public ValueTask<Decision?> AcquireAsync(CheckPlan plan, CancellationToken cancellationToken)
    {
        var counters = KeyedPlan.NamesOf(plan);
        var number = connection.ShardOf(counters[0]);
        var shard = shards[number];
        if (Denials.Find(plan, counters, shard.Time) is { } denial)
        {
            return ValueTask.FromResult<Decision?>(denial);
        }

        return
            connection.IsUnavailable(number)
            || !HasRoomFor(plan)
            || plan.Waited >= connection.CheckTimeout
            ? ValueTask.FromResult<Decision?>(null)
            : new ValueTask<Decision?>(shard.DecideAsync(new KeyedPlan(plan, counters)));
    }

    public async Task<IReadOnlyList<Decision?>> AcquireEachAsync(
        IReadOnlyList<CheckPlan> plans,
        CancellationToken cancellationToken
    )
    {
        var decisions = new Decision?[plans.Count];
        var keyed = new KeyedPlan[plans.Count];
        var asked = new List<int>?[shards.Length];
        for (var i = 0; i < decisions.Length; i++)
        {
            var plan = plans[i];
            var counters = KeyedPlan.NamesOf(plan);
            var shard = connection.ShardOf(counters[0]);
            decisions[i] = Denials.Find(plan, counters, shards[shard].Time);
            if (decisions[i] is null && HasRoomFor(plan))
            {
                keyed[i] = new KeyedPlan(plan, counters);
                (asked[shard] ??= new List<int>(plans.Count)).Add(i);
            }
        }

        await Task.WhenAll(
            Enumerable
                .Range(0, shards.Length)
                .Where(shard => asked[shard] is not null && !connection.IsUnavailable(shard))
                .Select(shard =>
                    shards[shard]
                        .DecideEachAsync(keyed, asked[shard]!, decisions, cancellationToken)
                )
        );
        return decisions;
    }

    public ValueTask<Decision> PeekAsync(CheckPlan plan, CancellationToken cancellationToken) =>
        DecideAsync("peek", new KeyedPlan(plan), clock: null, cancellationToken);

    public async ValueTask<Decision> RefundAsync(
        CheckPlan plan,
        CancellationToken cancellationToken
    )
    {
        var keyed = new KeyedPlan(plan);
        try
        {
            return await DecideAsync("refund", keyed, clock: null, cancellationToken);
        }
        finally
        {
            Denials.Forget(keyed);
        }
    }

    public async Task<DateTimeOffset> ResetAsync(
        CheckPlan plan,
        CancellationToken cancellationToken
    )
    {
        var keyed = new KeyedPlan(plan);
        // Where one owner has all counters, what any of them denied is remembered with the figures of all.
        var freed = plan.Owners is null
            ? new KeyedPlan(plan with { Limits = plan.Policy.Limits })
            : keyed;
        try
        {
            var time = await connection.AskAsync(
                keyed.Slot,
                database =>
                    Reset.EvaluateAsync(
                        database,
                        keyed.Counters,
                        [.. freed.Counters.Select(counter => (RedisValue)(string?)counter)]
                    ),
                TimeLeft(plan),
                cancellationToken
            );
            return DateTimeOffset.UnixEpoch + TimeSpan.FromMicroseconds((long)time);
        }
        finally
        {
            Denials.Forget(freed);
        }
    }

    /// <param name="verb">As in check.lua: acquire, peek or refund.</param>
    /// <param name="keyed">The plan.</param>
    /// <param name="clock">The time in microseconds since 1970, for tests; null for the store's own.</param>
    /// <param name="cancellationToken">Ends the wait, not the acquisition.</param>
    internal async ValueTask<Decision> DecideAsync(
        string verb,
        KeyedPlan keyed,
        long? clock,
        CancellationToken cancellationToken
    )
    {
        var decisions = await Caller.EvaluateAsync(
            verb,
            [keyed],
            clock,
            TimeLeft(keyed.Plan),
            isEvidence: false,
            cancellationToken
        );
        return decisions[0]
            ?? throw new StoreUnavailableException("The counter of this subject is broken.");
    }

    private StoreTime ClockOf(RedisKey key) => shards[connection.ShardOf(key)].Time;

    // A plan of cost 0 only looks, and needs no room.
    private bool HasRoomFor(in CheckPlan plan) => plan.Cost == 0 || !connection.Room.IsFull;

    /// <exception cref="StoreUnavailableException">No time is left.</exception>
    private TimeSpan TimeLeft(in CheckPlan plan) =>
        plan.Waited < connection.CheckTimeout
            ? connection.CheckTimeout - plan.Waited
            : throw new StoreUnavailableException("The store did not answer in time.");
}
