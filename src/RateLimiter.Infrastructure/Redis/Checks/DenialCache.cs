using BitFaster.Caching.Lru;
using RateLimiter.Application.Telemetry;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Redis.Checks;

/// <summary>
/// Denials that the store has answered, for as long as it could not answer otherwise: <see cref="Decision.StableFor"/>
/// says how long that is. What ends one before its time, permits given back and counters reset on any instance, arrives
/// as <see cref="RedisInvalidationChannel"/>; while these cannot be heard, nothing is remembered. A changed policy has another version. A
/// denial ends by the clock it came from, that of the part of the store that gave it: when that is set, so is its end.
/// </summary>
/// <param name="isHeard">Whether that news arrives.</param>
internal sealed class DenialCache(Func<bool> isHeard)
{
    /// <summary>The most denials that are kept, at about 500 bytes each. The least used go first.</summary>
    private const int Capacity = 100_000;

    private readonly ConcurrentLru<string, Denial> denials = new(Capacity);
    private long generation;

    /// <summary>Whether denials that were looked for were there.</summary>
    public CacheCount Requests { get; } = new();

    /// <summary>To be read before the store is asked for what is then remembered.</summary>
    public long Generation => Interlocked.Read(ref generation);

    /// <summary>The denial as it is now, or null when the store must be asked.</summary>
    /// <param name="counter">The name of the first counter of the check.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="cost">The permits.</param>
    /// <param name="clock">The clock of that counter.</param>
    public Decision? Find(string counter, Policy policy, long cost, StoreTime clock)
    {
        var denial = Look(counter, policy, cost, clock);
        Requests.Add(isHit: denial is not null);
        return denial;
    }

    /// <summary>Keeps a denial.</summary>
    /// <param name="counter">The name of the first counter of the check.</param>
    /// <param name="cost">The permits that were asked for.</param>
    /// <param name="decision">A decision that is steady for a while.</param>
    /// <param name="asOf">The generation when the store was asked.</param>
    public void Remember(string counter, long cost, Decision decision, long asOf)
    {
        denials.AddOrUpdate(counter, new Denial(decision, cost));
        if (Generation != asOf)
        {
            // Something was forgotten meanwhile, perhaps this one.
            denials.TryRemove(counter);
        }
    }

    public void Forget(string counter)
    {
        Interlocked.Increment(ref generation);
        denials.TryRemove(counter);
    }

    public void Clear()
    {
        Interlocked.Increment(ref generation);
        denials.Clear();
    }

    private Decision? Look(string counter, Policy policy, long cost, StoreTime clock)
    {
        if (
            !denials.TryGet(counter, out var denial)
            || denial.Cost != cost
            || denial.Decision.Policy.Version != policy.Version
            || !isHeard()
            || clock.Now is not (var earliest, var latest)
        )
        {
            return null;
        }

        // Its end is reckoned from the latest that it can be, so that it is never too late, and the wait that is told from the
        // earliest, so that it is never too short. Before it was given, the clock has been set back.
        var decision = denial.Decision;
        return earliest >= decision.DecidedAt && latest < decision.DecidedAt + decision.StableFor
            ? decision.After(earliest - decision.DecidedAt)
            : null;
    }

    private sealed record Denial(Decision Decision, long Cost);
}
