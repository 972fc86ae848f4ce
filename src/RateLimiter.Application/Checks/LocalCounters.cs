using BitFaster.Caching.Lru;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Checks;

/// <summary>
/// Counts permits for this instance alone, in its memory, with the model of the Domain. It starts from nothing, knows
/// neither what the store had counted nor what other instances do, and tells the store nothing afterwards. What was
/// taken stays counted until it comes back by itself, so that a store that comes and goes does not give the limit anew
/// each time.
/// </summary>
public sealed class LocalCounters
{
    /// <summary>The most subjects that are counted, the least used forgotten first.</summary>
    public const int Capacity = 100_000;

    // What a subject has used, by the epoch of the limit. Locked while it is used.
    private readonly ConcurrentLru<Subject, Dictionary<string, Counter>> subjects = new(Capacity);

    /// <summary>Takes permits, if they are there.</summary>
    public Decision Acquire(in PermitRequest request, DateTimeOffset now) =>
        Decide(request, now, subjects.GetOrAdd(request.Subject, static _ => []), Counter.Acquire);

    /// <summary>Gives permits back, never above the limit, where some are counted.</summary>
    public void Refund(in PermitRequest request, DateTimeOffset now)
    {
        if (subjects.TryGet(request.Subject, out var used))
        {
            Decide(request, now, used, Counter.Refund);
        }
    }

    /// <summary>Forgets what a subject has used under a policy.</summary>
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

    /// <summary>What to do with the counters of a subject's limits, which it replaces.</summary>
    private delegate IReadOnlyList<LimitStatus> Step(
        Counter[] counters,
        IReadOnlyList<Limit> limits,
        long now,
        long cost
    );
}
