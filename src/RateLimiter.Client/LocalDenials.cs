using BitFaster.Caching.Lru;

namespace RateLimiting.Client;

/// <summary>
/// A cache of the service's denials. A denial is repeated without a request for as long as the service could not decide
/// otherwise, unless something changed elsewhere; therefore it has a maximum age, after which the service is asked again.
/// Shared by all threads.
/// </summary>
internal sealed class LocalDenials(int capacity, TimeSpan maxAge, TimeProvider time)
{
    private readonly ConcurrentLru<Key, Denial> denials = new(capacity);
    private long generation;

    /// <summary>The generation of the cache. To be read before the request whose denial is then cached.</summary>
    public long Generation => Interlocked.Read(ref generation);

    /// <summary>The denial as it is now, or null when the service must be asked.</summary>
    public RateLimitDecision? Find(RateLimitCheck check)
    {
        if (!denials.TryGet(Key.Of(check), out var denial))
        {
            return null;
        }

        // Only for the same costs: a higher cost is denied too, but must wait longer than the service has reported.
        // The lifetime starts with the request, so that it never ends too late; the reported wait starts with the response, so
        // that it is never too short.
        var now = time.GetTimestamp();
        return
            check.Cost == denial.Cost
            && (check.MinCost ?? check.Cost) == denial.MinCost
            && time.GetElapsedTime(denial.Asked, now) < denial.Lifetime
            ? denial.At(time.GetElapsedTime(denial.Answered, now))
            : null;
    }

    /// <summary>Caches a decision if it is a denial that can be repeated.</summary>
    /// <param name="check">The check.</param>
    /// <param name="decision">The decision.</param>
    /// <param name="asked">When the request was sent, by the clock's timestamp.</param>
    /// <param name="asOf">The generation at that time.</param>
    public void Remember(RateLimitCheck check, RateLimitDecision decision, long asked, long asOf)
    {
        if (
            decision is not { Allowed: false, Degraded: false, RetryAfter: { } wait }
            || check.Cost == 0
        )
        {
            return;
        }

        var lifetime = wait < maxAge ? wait : maxAge;
        var key = Key.Of(check);
        denials.AddOrUpdate(
            key,
            new Denial(
                decision,
                check.Cost,
                check.MinCost ?? check.Cost,
                lifetime,
                asked,
                time.GetTimestamp()
            )
        );
        if (Generation != asOf)
        {
            // Something was changed in the meantime, perhaps this denial.
            denials.TryRemove(key);
        }
    }

    /// <summary>Clears the cache after a change: only the service knows which roles and routes it affects.</summary>
    public void Clear()
    {
        Interlocked.Increment(ref generation);
        denials.Clear();
    }

    // With all subjects: only the service knows whose limit denied the check.
    private readonly record struct Key(
        string UserId,
        string RouteKey,
        string Role,
        SubjectSet? Subjects
    )
    {
        private const string DefaultRole = "default";

        public static Key Of(RateLimitCheck check) =>
            new(
                check.UserId,
                check.RouteKey,
                check.Role ?? DefaultRole,
                SubjectSet.Of(check.Subjects)
            );
    }

    private sealed record Denial(
        RateLimitDecision Decision,
        long Cost,
        long MinCost,
        TimeSpan Lifetime,
        long Asked,
        long Answered
    )
    {
        public RateLimitDecision At(TimeSpan age) =>
            Decision with
            {
                RetryAfter = InMilliseconds(Decision.RetryAfter!.Value - age),
                ResetIn = Later(Decision.ResetIn - age),
                IsLocal = true,
            };

        // Rounded up: a timer that truncates the fraction would fire too early.
        private static TimeSpan InMilliseconds(TimeSpan wait) =>
            TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds));

        // In whole seconds, as the service reports it.
        private static TimeSpan Later(TimeSpan wait) =>
            TimeSpan.FromSeconds(Math.Ceiling(Math.Max(0, wait.TotalSeconds)));
    }
}
