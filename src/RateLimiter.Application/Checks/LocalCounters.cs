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

    // The counters of a subject, by the epoch of the limit. Locked while they are used.
    private readonly ConcurrentLru<Subject, Dictionary<string, Counter>> subjects = new(Capacity);

    /// <summary>Takes permits if they are available.</summary>
    public Decision Acquire(in PermitRequest request, DateTimeOffset now) =>
        Decide(request, now, subjects.GetOrAdd(request.Subject, static _ => []), Counter.Acquire);

    /// <summary>Gives permits back, at most up to the limit, if the subject is counted here.</summary>
    public void Refund(in PermitRequest request, DateTimeOffset now)
    {
        if (subjects.TryGet(request.Subject, out var used))
        {
            Decide(request, now, used, Counter.Refund);
        }
    }

    /// <summary>Resets the counters of a subject under a policy.</summary>
    public void Reset(in PermitRequest request)
    {
        if (subjects.TryGet(request.Subject, out var used))
        {
            lock (used)
            {
                foreach (var limit in request.Policy.Limits)
                {
                    used.Remove(limit.Epoch);
                }
            }
        }
    }

    private static Decision Decide(
        in PermitRequest request,
        DateTimeOffset now,
        Dictionary<string, Counter> used,
        Step step
    )
    {
        var limits = request.Policy.Limits;
        lock (used)
        {
            var counters = new Counter[limits.Count];
            for (var i = 0; i < counters.Length; i++)
            {
                counters[i] = used.TryGetValue(limits[i].Epoch, out var counter)
                    ? counter
                    : Counter.Create(limits[i].Algorithm);
            }

            var microseconds =
                (now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
            var statuses = step(counters, limits, microseconds, request.Cost);
            for (var i = 0; i < counters.Length; i++)
            {
                used[limits[i].Epoch] = counters[i];
            }

            return Decision.From(request.Policy, statuses, now) with
            {
                Degraded = true,
            };
        }
    }

    /// <summary>An operation on the counters of a subject's limits, which it replaces.</summary>
    private delegate IReadOnlyList<LimitStatus> Step(
        Counter[] counters,
        IReadOnlyList<Limit> limits,
        long now,
        long cost
    );
}
