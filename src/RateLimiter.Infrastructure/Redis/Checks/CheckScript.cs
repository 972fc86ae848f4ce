using System.Buffers.Binary;
using System.Globalization;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>The codec of check.lua: writes its arguments and reads its reply.</summary>
internal static class CheckScript
{
    private const int NumberSize = sizeof(double);
    private const int NumbersPerLimit = 5;
    private const long Broken = -2;
    private const long Outdated = -3;
    private const long KeyReused = -4;

    private const long Full = -5;

    /// <summary>The script check.lua.</summary>
    private static readonly RedisScript Script = RedisScript.Load("check", LimiterModule.Names);

    /// <summary>Calls the script with what <see cref="Write"/> made.</summary>
    /// <exception cref="StoreUnavailableException">The reply is none of the script.</exception>
    public static async Task<CheckReply> EvaluateAsync(
        IDatabase database,
        KeyedPlan[] plans,
        RedisKey[] keys,
        RedisValue[] values
    )
    {
        var reply = await Script.EvaluateAsync(database, keys, values);
        return Read(plans, reply);
    }

    /// <param name="verb">As in check.lua: acquire, peek or refund.</param>
    /// <param name="plans">The plans.</param>
    /// <param name="clock">The time in microseconds since 1970, for tests; null for the store's own.</param>
    /// <param name="now">What the store's time may be, in the same unit.</param>
    /// <returns>The arguments.</returns>
    public static (RedisKey[] Keys, RedisValue[] Values) Write(
        string verb,
        ReadOnlySpan<KeyedPlan> plans,
        long? clock,
        long now
    )
    {
        // A call makes reservations with each of its plans, or with none.
        var makesReservations = plans[0].Reservation is not null;
        var values = new RedisValue[2 + (makesReservations ? 4 : 2) * plans.Length];
        values[0] = clock ?? RedisValue.EmptyString;
        values[1] = verb;
        var value = 2;
        foreach (var keyed in plans)
        {
            ref readonly var plan = ref keyed.Plan;
            values[value++] = AskedBy(keyed);
            values[value++] = LimitText.Of(plan.Limits, clock ?? now);
            if (keyed.Reservation is { } reservation)
            {
                values[value++] = reservation.Id;
                values[value++] = reservation.Document.Write();
            }
        }

        return (KeysOf(plans), values);
    }

    /// <summary>Reads the reply to a call.</summary>
    /// <exception cref="StoreUnavailableException">This is no reply of the script.</exception>
    public static CheckReply Read(ReadOnlySpan<KeyedPlan> plans, RedisResult reply)
    {
        if (
            reply is not { Resp2Type: ResultType.Array, Length: > 0 }
            || reply[0].Resp2Type != ResultType.BulkString
            || (byte[]?)reply[0] is not { } bytes
            || bytes.Length != NumberSize * (1 + NumbersPerLimit * CountersOf(plans))
        )
        {
            throw new StoreUnavailableException("The store's reply was not understood.");
        }

        ReadOnlySpan<byte> numbers = bytes;
        var decidedAt = TimeOf(Next(ref numbers));
        var decisions = new Decision?[plans.Length];
        List<StableDenial>? denials = null;
        List<int>? outdated = null;
        Span<long> ends = stackalloc long[PolicyDefinition.MaxLimits];
        for (var i = 0; i < plans.Length; i++)
        {
            var keyed = plans[i];
            var statuses = new LimitStatus[keyed.Counters.Length];
            for (var j = 0; j < statuses.Length; j++)
            {
                statuses[j] = new LimitStatus(
                    Wait: Next(ref numbers),
                    Remaining: Next(ref numbers),
                    Reset: Next(ref numbers),
                    Used: Next(ref numbers)
                );
                ends[j] = Next(ref numbers);
            }

            if (statuses[0].Wait == Outdated)
            {
                (outdated ??= []).Add(i);
            }
            else if (statuses[0].Wait == KeyReused)
            {
                decisions[i] = Decision.NotAsked(keyed.Plan, decidedAt) with
                {
                    Kind = DecisionKind.KeyReused,
                };
            }
            else if (statuses[0].Wait == Full)
            {
                decisions[i] = Decision.NotAsked(keyed.Plan, decidedAt) with
                {
                    Kind = DecisionKind.TooManyReservations,
                };
            }
            else if (keyed.Plan.Idempotency is not null && IsKept(statuses, ends[0]))
            {
                // The figures are of that time.
                decisions[i] = Decision.From(keyed.Plan, statuses, TimeOf(-ends[0])) with
                {
                    Kind = DecisionKind.Replayed,
                };
            }
            else if (statuses[0].Wait != Broken)
            {
                decisions[i] = Decide(keyed, statuses, ends, decidedAt, ref denials);
            }

            if (keyed.Reservation is not null && (string?)reply[2 + i] is { Length: > 0 } id)
            {
                decisions[i] = decisions[i]! with { ReservationId = id };
            }
        }

        return new CheckReply(
            decidedAt,
            decisions,
            denials ?? (IReadOnlyList<StableDenial>)[],
            outdated ?? (IReadOnlyList<int>)[],
            reply.Length > 1 && (string?)reply[1] is { Length: > 0 } failure ? failure : null
        );
    }

    /// <summary>
    /// The decision of a plan. What denies it for a while is added to the denials, by the counter that denies: where one owner
    /// has all counters, nobody can take from any of them meanwhile, so that the whole decision is stable; where there are
    /// several, others may take from the rest, and only the figures of that counter are.
    /// </summary>
    private static Decision Decide(
        KeyedPlan keyed,
        LimitStatus[] statuses,
        ReadOnlySpan<long> ends,
        DateTimeOffset decidedAt,
        ref List<StableDenial>? denials
    )
    {
        ref readonly var plan = ref keyed.Plan;
        var stableFor = plan.Owners is null ? StabilityOf(ends[..statuses.Length]) : 0;
        var decision = Decision.From(
            plan,
            statuses,
            decidedAt,
            TimeSpan.FromMicroseconds(stableFor)
        );
        // Reservations are not answered from memory, and nothing else is asked of a policy with a limit on these.
        var isRemembered = !decision.Allowed && !plan.Limits.HasConcurrency;
        for (var i = 0; i < statuses.Length && isRemembered; i++)
        {
            if (ends[i] <= 0)
            {
                continue;
            }

            if (plan.Owners is null)
            {
                (denials ??= []).Add(new StableDenial(keyed.Counters[i], plan, decision));
                break;
            }

            if (statuses[i].Wait != 0)
            {
                var alone = Decision.Combine(
                    plan.Policy,
                    [plan[i].Limit],
                    [statuses[i]],
                    decidedAt,
                    TimeSpan.FromMicroseconds(ends[i])
                );
                (denials ??= []).Add(new StableDenial(keyed.Counters[i], plan, alone));
            }
        }

        return decision;
    }

    // Until the first of the limits changes, if one of them is exhausted.
    private static long StabilityOf(ReadOnlySpan<long> ends)
    {
        var (first, isExhausted) = (long.MaxValue, false);
        foreach (var end in ends)
        {
            isExhausted |= end > 0;
            if (end != 0)
            {
                first = Math.Min(first, Math.Abs(end));
            }
        }

        return isExhausted ? first : 0;
    }

    private static bool IsChargedOnExpiry(in CheckPlan plan) =>
        (plan.Reservation!.Terms.OnExpiry ?? plan.Policy.Definition.OnExpiry)
        == ExpiryAction.Charge;

    // What a repetition with the same idempotency key must ask too.
    private static RedisValue AskedBy(KeyedPlan keyed)
    {
        ref readonly var plan = ref keyed.Plan;
        if (plan.MinCost == plan.Cost && plan.Idempotency is null && keyed.Reservation is null)
        {
            return plan.Cost;
        }

        var once = plan.Idempotency is null ? "" : " once";
        return keyed.Reservation is { Terms: var terms }
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{plan.Cost} {plan.MinCost} {(long)terms.TimeToLive.TotalMicroseconds} {terms.Slots} {(IsChargedOnExpiry(plan) ? 1 : 0)}{once}"
            )
            : string.Create(CultureInfo.InvariantCulture, $"{plan.Cost} {plan.MinCost}{once}");
    }

    private static RedisKey[] KeysOf(ReadOnlySpan<KeyedPlan> plans)
    {
        if (plans.Length == 1)
        {
            return plans[0].Keys;
        }

        var count = 0;
        foreach (var keyed in plans)
        {
            count += keyed.Keys.Length;
        }

        var keys = new RedisKey[count];
        var key = 0;
        foreach (var keyed in plans)
        {
            keyed.Keys.CopyTo(keys, key);
            key += keyed.Keys.Length;
        }

        return keys;
    }

    private static int CountersOf(ReadOnlySpan<KeyedPlan> plans)
    {
        var counters = 0;
        foreach (var keyed in plans)
        {
            counters += keyed.Counters.Length;
        }

        return counters;
    }

    // Where all pass, an end is the time of an answer that was kept.
    private static bool IsKept(LimitStatus[] statuses, long end) =>
        end < 0 && Array.TrueForAll(statuses, status => status.Wait == 0);

    private static DateTimeOffset TimeOf(long microseconds) =>
        DateTimeOffset.UnixEpoch + TimeSpan.FromMicroseconds(microseconds);

    private static long Next(ref ReadOnlySpan<byte> numbers)
    {
        var number = (long)BinaryPrimitives.ReadDoubleLittleEndian(numbers);
        numbers = numbers[NumberSize..];
        return number;
    }
}
