using BitFaster.Caching.Lru;

namespace RateLimiting.Client;

/// <summary>
/// Denials that the service has told, to be repeated without asking for as long as it could not answer otherwise, unless
/// something changed elsewhere: hence they have an age at which they are asked for again. Shared by all threads.
/// </summary>
internal sealed class LocalDenials(int capacity, TimeSpan maxAge, TimeProvider time)
{
    private readonly ConcurrentLru<Subject, Denial> denials = new(capacity);
    private long generation;

    /// <summary>To be read before the service is asked for what is then remembered.</summary>
    public long Generation => Interlocked.Read(ref generation);

    /// <summary>The denial as it is now, or null when the service must be asked.</summary>
    public RateLimitDecision? Find(string userId, string routeKey, string? role, long cost)
    {
        if (!denials.TryGet(Subject.Of(userId, routeKey, role), out var denial))
        {
            return null;
        }

        // Only of what costs the same: what costs more is denied too, but must wait longer than the service has told.
        // Its end is reckoned from when it was asked for, so that it is never too late; the wait that is told from when
        // the answer was here, so that it is never too short.
        var now = time.GetTimestamp();
        return cost == denial.Cost && time.GetElapsedTime(denial.Asked, now) < denial.Lifetime
            ? denial.At(time.GetElapsedTime(denial.Answered, now))
            : null;
    }

    /// <summary>Keeps a decision, if it is a denial that can be repeated.</summary>
    /// <param name="check">What was asked.</param>
    /// <param name="decision">The answer.</param>
    /// <param name="asked">When it was asked, by the clock's timestamp.</param>
    /// <param name="asOf">The generation by then.</param>
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
        var subject = Subject.Of(check.UserId, check.RouteKey, check.Role);
        denials.AddOrUpdate(
            subject,
            new Denial(decision, check.Cost, lifetime, asked, time.GetTimestamp())
        );
        if (Generation != asOf)
        {
            // Something was changed meanwhile, perhaps this one.
            denials.TryRemove(subject);
        }
    }

    /// <summary>After a change: of which roles and routes it was, only the service knows.</summary>
    public void Clear()
    {
        Interlocked.Increment(ref generation);
        denials.Clear();
    }

    private readonly record struct Subject(string UserId, string RouteKey, string Role)
    {
        private const string DefaultRole = "default";

        public static Subject Of(string userId, string routeKey, string? role) =>
            new(userId, routeKey, role ?? DefaultRole);
    }

    private sealed record Denial(
        RateLimitDecision Decision,
        long Cost,
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

        // Rounded up, since what waits for it may leave out the rest, and come too soon.
        private static TimeSpan InMilliseconds(TimeSpan wait) =>
            TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds));

        // In whole seconds, as the service tells it.
        private static TimeSpan Later(TimeSpan wait) =>
            TimeSpan.FromSeconds(Math.Ceiling(Math.Max(0, wait.TotalSeconds)));
    }
}
