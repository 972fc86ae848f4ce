using BitFaster.Caching.Lru;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Checks;

/// <summary>
/// Counts permits for this instance alone, in its memory, with the model of the Domain (fail local). It starts from 0, knows
/// neither what the store has counted nor what other instances count, and reports nothing to the store afterwards. Permits
/// stay counted until the algorithm replenishes them, so that a flapping store does not reset the limit with each outage.
/// </summary>
public sealed class LocalCounters
{
    /// <summary>The most subjects that are counted; the least used are evicted first.</summary>
    public const int Capacity = 100_000;

    private readonly ConcurrentLru<Subject, OwnedCounters> subjects = new(Capacity);

    /// <summary>Takes permits if they are available.</summary>
    public Decision Acquire(in CheckPlan plan, DateTimeOffset now)
    {
        var owned = new OwnedCounters[plan.Count];
        if (plan.Owners is null)
        {
            // Asked for once: a second time would count as another use, and keep it from being evicted.
            Array.Fill(owned, subjects.GetOrAdd(plan.Subject, static _ => new OwnedCounters()));
        }
        else
        {
            for (var i = 0; i < owned.Length; i++)
            {
                owned[i] = subjects.GetOrAdd(plan[i].Owner, static _ => new OwnedCounters());
            }
        }

        return Decide(
            plan,
            now,
            owned,
            static (counters, limits, now, plan) =>
                Counter.Acquire(
                    counters,
                    limits,
                    now,
                    plan.Cost,
                    plan.MinCost,
                    plan.Reservation?.Terms
                )
        );
    }

    /// <summary>Gives permits back, at most up to the limit, to the subjects that are counted here.</summary>
    public void Refund(in CheckPlan plan, DateTimeOffset now)
    {
        if (Find(plan) is { } owned)
        {
            Decide(
                plan,
                now,
                owned,
                static (counters, limits, now, plan) =>
                    Counter.Refund(counters, limits, now, plan.Cost)
            );
        }
    }

    /// <summary>Resets the counters of a plan.</summary>
    public void Reset(in CheckPlan plan)
    {
        for (var i = 0; i < plan.Count; i++)
        {
            var (owner, limit, _) = plan[i];
            if (subjects.TryGet(owner, out var owned))
            {
                lock (owned)
                {
                    owned.Remove(limit.Epoch);
                }
            }
        }
    }

    // A subject that is not counted here has nothing to give back. It is not added, because it would evict another.
    private OwnedCounters[]? Find(in CheckPlan plan)
    {
        var owned = new OwnedCounters[plan.Count];
        var isCounted = false;
        for (var i = 0; i < owned.Length; i++)
        {
            var isKnown = subjects.TryGet(plan[i].Owner, out var counters);
            owned[i] = counters ?? new OwnedCounters();
            isCounted |= isKnown;
        }

        return isCounted ? owned : null;
    }

    private static Decision Decide(
        in CheckPlan plan,
        DateTimeOffset now,
        OwnedCounters[] owned,
        Step step
    )
    {
        // Always in the same order, so that no two plans wait for each other.
        var locks = owned.Distinct().OrderBy(counters => counters.Order).ToArray();
        var locked = 0;
        try
        {
            for (; locked < locks.Length; locked++)
            {
                Monitor.Enter(locks[locked]);
            }

            var limits = plan.Limits;
            var counters = new Counter[limits.Count];
            for (var i = 0; i < counters.Length; i++)
            {
                counters[i] = owned[i].TryGetValue(limits[i].Epoch, out var counter)
                    ? counter
                    : Counter.Create(limits[i].Algorithm);
            }

            var microseconds =
                (now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
            var statuses = step(counters, limits, microseconds, plan);
            for (var i = 0; i < counters.Length; i++)
            {
                owned[i][limits[i].Epoch] = counters[i];
            }

            return Decision.From(plan, statuses, now) with
            {
                Degraded = true,
            };
        }
        finally
        {
            while (locked > 0)
            {
                Monitor.Exit(locks[--locked]);
            }
        }
    }

    /// <summary>The counters of a subject, by the epoch of the limit. Locked while they are used.</summary>
    private sealed class OwnedCounters : Dictionary<string, Counter>
    {
        private static long last;

        /// <summary>The place in the order in which the counters of several subjects are locked.</summary>
        public long Order { get; } = Interlocked.Increment(ref last);
    }

    /// <summary>An operation on the counters of a plan, which it replaces.</summary>
    private delegate IReadOnlyList<LimitStatus> Step(
        Counter[] counters,
        IReadOnlyList<Limit> limits,
        long now,
        CheckPlan plan
    );
}
