using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>The answer to a check.</summary>
public sealed class Decision
{
    public const string LimitExceeded = "Rate limit exceeded";
    public const string PolicyInactive = "Rate limiting disabled for this policy";
    public const string LimitIsZero = "The limit is 0: no request is allowed";
    public const string CostAboveLimit = "The cost is above the limit and can never be allowed";

    private Decision(Policy policy, DateTimeOffset decidedAt)
    {
        Policy = policy;
        DecidedAt = decidedAt;
    }

    /// <summary>The policy that decided.</summary>
    public Policy Policy { get; }

    /// <summary>When it was decided, by the store's clock.</summary>
    public DateTimeOffset DecidedAt { get; }

    public bool Allowed { get; private init; }

    /// <summary>Why it was denied; null when allowed, unless the policy is inactive.</summary>
    public string? Reason { get; private init; }

    /// <summary>The permits of the limit that is nearest to its end.</summary>
    public long Limit { get; private init; }

    /// <summary>The permits left under that limit, never negative.</summary>
    public long Remaining { get; private init; }

    /// <summary>How long until that limit has all its permits back.</summary>
    public TimeSpan ResetIn { get; private init; }

    /// <summary>How long until the same check passes; null when allowed, or when no wait helps.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>The names of the limits that said no.</summary>
    public IReadOnlyList<string> Violated { get; private init; } = [];

    /// <summary>The decision of a policy that is switched off.</summary>
    public static Decision Inactive(Policy policy, DateTimeOffset now)
    {
        var limit = policy.Limits.Min(limit => limit.Permits);
        return new Decision(policy, now)
        {
            Allowed = true,
            Reason = PolicyInactive,
            Limit = limit,
            Remaining = limit,
        };
    }

    /// <summary>
    /// The decision from the statuses of all limits of a policy: allowed when none asks to wait, to be tried again
    /// after the longest wait. The figures are those of the limit with the least remaining; of two such, of the one
    /// that takes longer to reset.
    /// </summary>
    public static Decision From(
        Policy policy,
        ReadOnlySpan<LimitStatus> statuses,
        DateTimeOffset now
    )
    {
        var nearest = 0;
        var longest = 0L;
        var never = -1;
        List<string>? violated = null;
        for (var i = 0; i < statuses.Length; i++)
        {
            var status = statuses[i];
            if (
                status.Remaining < statuses[nearest].Remaining
                || status.Remaining == statuses[nearest].Remaining
                    && status.Reset > statuses[nearest].Reset
            )
            {
                nearest = i;
            }

            if (status.Wait == 0)
            {
                continue;
            }

            (violated ??= []).Add(policy.Limits[i].Name);
            longest = Math.Max(longest, status.Wait);
            if (status.Wait == LimitStatus.Never)
            {
                never = i;
            }
        }

        return new Decision(policy, now)
        {
            Allowed = violated is null,
            Reason = violated is null ? null : Why(policy, never),
            Limit = policy.Limits[nearest].Permits,
            Remaining = statuses[nearest].Remaining,
            ResetIn = TimeSpan.FromMicroseconds(statuses[nearest].Reset),
            RetryAfter = violated is null || never >= 0 ? null : TimeSpan.FromMicroseconds(longest),
            Violated = violated ?? (IReadOnlyList<string>)[],
        };
    }

    private static string Why(Policy policy, int never) =>
        never < 0 ? LimitExceeded
        : policy.Limits[never].Permits == 0 ? LimitIsZero
        : CostAboveLimit;
}
