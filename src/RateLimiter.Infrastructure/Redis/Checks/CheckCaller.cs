using RateLimiter.Application.Stores;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// Calls check.lua: one call for all plans, or in a cluster one for each slot; again while slots move; and remembers the
/// denials of the reply.
/// </summary>
/// <param name="connection">The connection to the store.</param>
/// <param name="denials">Where denials are remembered.</param>
/// <param name="clockOf">The clock of the shard that has a key now: a slot may have moved while a plan waited.</param>
/// <param name="time">The clock of the instance.</param>
internal sealed class CheckCaller(
    RedisConnection connection,
    DenialCache denials,
    Func<RedisKey, StoreTime> clockOf,
    TimeProvider time
)
{
    private static readonly TimeSpan TryAgainInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Acquires a number of plans. In a cluster a call names keys of one slot only, so that there are as many calls as
    /// slots; null for the plans of each call that gets no reply, while the others are decided.
    /// </summary>
    /// <param name="plans">The plans, of one shard.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="isEvidence">Whether a missing reply counts as evidence that the store is unavailable.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Decision?[]> AcquireAsync(
        KeyedPlan[] plans,
        TimeSpan timeout,
        bool isEvidence,
        CancellationToken cancellationToken
    )
    {
        if (plans.Length == 1 || !connection.IsCluster)
        {
            return await EvaluateAsync(
                "acquire",
                plans,
                clock: null,
                timeout,
                isEvidence,
                cancellationToken
            );
        }

        var decisions = new Decision?[plans.Length];
        await Task.WhenAll(
            Enumerable
                .Range(0, plans.Length)
                .GroupBy(i => connection.SlotOf(plans[i].Slot))
                .Select(slot => AcquireOfSlotAsync([.. slot]))
        );
        return decisions;

        async Task AcquireOfSlotAsync(int[] ofSlot)
        {
            try
            {
                var decided = await EvaluateAsync(
                    "acquire",
                    Array.ConvertAll(ofSlot, i => plans[i]),
                    clock: null,
                    timeout,
                    isEvidence,
                    cancellationToken
                );
                for (var i = 0; i < ofSlot.Length; i++)
                {
                    decisions[ofSlot[i]] = decided[i];
                }
            }
            catch (StoreUnavailableException exception)
                when (IsMoving(exception) && ofSlot.Length > 1)
            {
                // Some keys have moved and some have not. Nothing was taken: each plan is sent to where its slot is now.
                await Task.WhenAll(ofSlot.Select(i => AcquireOfSlotAsync([i])));
            }
            catch (StoreUnavailableException)
            {
                // The decisions stay null.
            }
        }
    }

    /// <param name="verb">As in check.lua: acquire, peek or refund.</param>
    /// <param name="plans">The plans, in a cluster of one slot.</param>
    /// <param name="clock">The time in microseconds since 1970, for tests; null for the store's own.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="isEvidence">Whether a missing reply counts as evidence that the store is unavailable.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The decision of each plan; null where a counter is broken.</returns>
    /// <exception cref="StoreUnavailableException">The store did not reply.</exception>
    public async Task<Decision?[]> EvaluateAsync(
        string verb,
        KeyedPlan[] plans,
        long? clock,
        TimeSpan timeout,
        bool isEvidence,
        CancellationToken cancellationToken
    )
    {
        var (keys, values) = CheckScript.Write(verb, plans, clock, TimeOf(plans[0].Slot));
        Func<IDatabase, Task<CheckReply>> ask = database =>
            AskAsync(database, plans, keys, values, clock);
        var generation = denials.Generation;
        var waiting = connection.Clock.GetTimestamp();
        var left = timeout;
        CheckReply reply;
        while (true)
        {
            try
            {
                reply = isEvidence
                    ? await connection.DecideAsync(keys[0], ask, left, cancellationToken)
                    : await connection.AskAsync(keys[0], ask, left, cancellationToken);
                break;
            }
            catch (StoreUnavailableException exception)
                when (IsUntouched(exception, plans.Length)
                    && connection.Clock.GetElapsedTime(waiting) < timeout / 2
                )
            {
                // This state lasts only a moment.
                await Task.Delay(TryAgainInterval, time, cancellationToken);
                var over = timeout - connection.Clock.GetElapsedTime(waiting);
                left = over > TimeSpan.Zero ? over : TimeSpan.Zero;
            }
        }

        if (reply.Failure is { } failure)
        {
            connection.ReportError(failure);
        }

        // With a given clock, a test's time is not the cache's.
        if (clock is null)
        {
            Remember(reply, generation);
        }

        // Outside of the loop: the other plans of this reply may have taken permits and must not be sent again.
        return reply.Outdated is []
            ? reply.Decisions
            : await RepeatAsync(
                verb,
                plans,
                reply,
                clock,
                timeout - connection.Clock.GetElapsedTime(waiting),
                isEvidence,
                cancellationToken
            );
    }

    /// <summary>Sends a plan as a probe, even to a shard that is unavailable.</summary>
    /// <exception cref="StoreUnavailableException">The shard did not reply.</exception>
    public async Task ProbeAsync(int shard, string verb, KeyedPlan[] plan)
    {
        var (keys, values) = CheckScript.Write(verb, plan, clock: null, TimeOf(plan[0].Slot));
        await connection.ProbeAsync(
            shard,
            database => AskAsync(database, plan, keys, values, clock: null)
        );
    }

    // The clock of the store was not known, or has been set: it is known now.
    private async Task<Decision?[]> RepeatAsync(
        string verb,
        KeyedPlan[] plans,
        CheckReply reply,
        long? clock,
        TimeSpan left,
        bool isEvidence,
        CancellationToken cancellationToken
    )
    {
        var repeated = await EvaluateAsync(
            verb,
            [.. reply.Outdated.Select(i => plans[i])],
            clock,
            left > TimeSpan.Zero
                ? left
                : throw new StoreUnavailableException("The store did not answer in time."),
            isEvidence,
            cancellationToken
        );
        for (var i = 0; i < repeated.Length; i++)
        {
            reply.Decisions[reply.Outdated[i]] = repeated[i];
        }

        return reply.Decisions;
    }

    // The store's time as far as it is known, in microseconds since 1970.
    private long TimeOf(RedisKey key) =>
        ((clockOf(key).Now?.Earliest ?? time.GetUtcNow()) - DateTimeOffset.UnixEpoch).Ticks
        / TimeSpan.TicksPerMicrosecond;

    // The clock is observed around the call alone, also when nobody waits for the reply any more.
    private async Task<CheckReply> AskAsync(
        IDatabase database,
        KeyedPlan[] plans,
        RedisKey[] keys,
        RedisValue[] values,
        long? clock
    )
    {
        var asked = time.GetTimestamp();
        var reply = await CheckScript.EvaluateAsync(database, plans, keys, values);
        if (clock is null)
        {
            clockOf(keys[0]).Observe(reply.DecidedAt, asked);
        }

        return reply;
    }

    private void Remember(in CheckReply reply, long generation)
    {
        foreach (var denial in reply.Denials)
        {
            denials.Remember(denial, generation);
        }
    }

    // A slot is being migrated, and the keys of one call are split between two servers.
    private static bool IsMoving(StoreUnavailableException exception) =>
        exception.InnerException is RedisServerException { Kind: RedisErrorKind.TryAgain };

    // Nothing can have been taken: a slot is being migrated, or the client is still discovering the new master.
    private static bool IsUntouched(StoreUnavailableException exception, int plans) =>
        IsMoving(exception) && plans == 1 || RedisConnection.WasNotSent(exception);
}
