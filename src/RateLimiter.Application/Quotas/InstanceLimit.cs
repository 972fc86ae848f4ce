using System.Collections.Concurrent;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Quotas;

/// <summary>
/// A limit of the service itself on each of many callers. Each instance counts in its own memory, so that the store is not
/// used; N instances together allow N times as much.
/// </summary>
/// <remarks>
/// The memory is bounded. To make room for a new caller, a caller with few or no permits in use is evicted: it loses least, and
/// many one-time callers cannot evict one that is being limited.
/// </remarks>
/// <param name="limit">The limit; its permits must not be 0.</param>
/// <param name="time">The clock.</param>
/// <param name="capacity">The most callers that are counted.</param>
public sealed class InstanceLimit(
    Limit limit,
    TimeProvider time,
    int capacity = InstanceLimit.DefaultCapacity
)
{
    /// <summary>At about 250 bytes each.</summary>
    public const int DefaultCapacity = 100_000;

    /// <summary>
    /// The number of callers that an eviction compares; it evicts the one with the fewest permits in use. Comparing all would
    /// take too long.
    /// </summary>
    private const int Candidates = 8;

    private readonly Limit[] limits = [limit];
    private readonly ConcurrentDictionary<string, Caller> callers = new();
    private readonly Lock forgetting = new();
    private IEnumerator<KeyValuePair<string, Caller>>? hand;
    private int count;

    /// <summary>Takes permits for a caller, all or none.</summary>
    /// <returns>How long the caller has to wait when there are too few permits; else null.</returns>
    public TimeSpan? Acquire(string caller, long permits = 1)
    {
        var status = Change(caller, permits, Counter.Acquire);
        return status.Wait switch
        {
            0 => null,
            LimitStatus.Never => TimeSpan.FromMicroseconds(status.Reset),
            var wait => TimeSpan.FromMicroseconds(wait),
        };
    }

    /// <summary>Gives back permits that were taken but not used.</summary>
    public void Refund(string caller, long permits = 1) => Change(caller, permits, Counter.Refund);

    private LimitStatus Change(
        string name,
        long permits,
        Func<Counter[], IReadOnlyList<Limit>, long, long, IReadOnlyList<LimitStatus>> change
    )
    {
        var now =
            (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        var caller = callers.TryGetValue(name, out var known) ? known : Add(name, now);
        lock (caller)
        {
            var status = change(caller.Counter, limits, now, permits)[0];
            caller.Used = limit.Capacity - status.Remaining;
            caller.UsedUntil = now + status.Reset;
            return status;
        }
    }

    private Caller Add(string name, long now)
    {
        while (Volatile.Read(ref count) >= capacity)
        {
            ForgetOne(now);
        }

        var added = new Caller(limit.Algorithm);
        var caller = callers.GetOrAdd(name, added);
        if (ReferenceEquals(caller, added))
        {
            Interlocked.Increment(ref count);
        }

        return caller;
    }

    // Round-robin: the next candidates follow the last ones.
    private void ForgetOne(long now)
    {
        lock (forgetting)
        {
            var (least, name) = (long.MaxValue, "");
            for (var i = 0; i < Candidates; i++)
            {
                if (hand?.MoveNext() != true)
                {
                    hand = callers.GetEnumerator();
                    hand.MoveNext();
                }

                var (candidate, caller) = hand.Current;
                var used = caller.UsedUntil > now ? caller.Used : 0;
                if (used < least)
                {
                    (least, name) = (used, candidate);
                }
            }

            if (callers.TryRemove(name, out _))
            {
                Interlocked.Decrement(ref count);
            }
        }
    }

    /// <summary>Locked while it is changed.</summary>
    private sealed class Caller(Algorithm algorithm)
    {
        public Counter[] Counter { get; } = [Domain.Checks.Counter.Create(algorithm)];

        /// <summary>The permits in use after the last change.</summary>
        public long Used { get; set; }

        /// <summary>When none of these permits is in use any more, in microseconds since 1970.</summary>
        public long UsedUntil { get; set; }
    }
}
