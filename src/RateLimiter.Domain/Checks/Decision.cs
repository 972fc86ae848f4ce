using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>The answer to a check.</summary>
public sealed record Decision
{
    public const string LimitExceeded = "Rate limit exceeded";
    public const string PolicyInactive = "Rate limiting disabled for this policy";
    public const string LimitIsZero = "The limit is 0: no request is allowed";
    public const string StoreDoesNotAnswer =
        "The store does not answer, and the policy denies until it does";
    public const string CostAboveLimit = "The cost is above the limit and can never be allowed";
    public const string CostAboveBurst = "The cost is above the burst and can never be allowed";

    private Decision(Policy policy, IReadOnlyList<LimitStatus> statuses, DateTimeOffset decidedAt)
    {
        Policy = policy;
        Statuses = statuses;
        DecidedAt = decidedAt;
    }

    /// <summary>The policy that decided.</summary>
    public Policy Policy { get; }

    /// <summary>How each of the policy's limits stands, in their order.</summary>
    public IReadOnlyList<LimitStatus> Statuses { get; }

    /// <summary>When it was decided, by the store's clock.</summary>
    public DateTimeOffset DecidedAt { get; }

    public bool Allowed { get; private init; }

    /// <summary>Allowed only because the policy is in shadow mode.</summary>
    public bool ShadowDenied { get; private init; }

    /// <summary>Made without the store, which did not answer: as the policy says for that case.</summary>
    public bool Degraded { get; init; }

    /// <summary>
    /// Whether the figures were counted: by the store or, where the policy fails local, by this instance. Else nobody knows
    /// them, and those that are here only go with the verdict.
    /// </summary>
    public bool IsCounted { get; private init; } = true;

    /// <summary>
    /// Denied only because the store does not answer and the policy fails closed: no limit was reached, and the user has done
    /// nothing.
    /// </summary>
    public bool IsFailClosed => !IsCounted && RetryAfter is not null;

    /// <summary>Why it was denied; null when allowed, unless the policy is inactive.</summary>
    public string? Reason { get; private init; }

    /// <summary>The permits per window of the limit that is nearest to its end.</summary>
    public long Limit { get; private init; }

    /// <summary>The most permits that can be left at once under that limit.</summary>
    public long Capacity { get; private init; }

    /// <summary>The permits left under that limit, never negative.</summary>
    public long Remaining { get; private init; }

    /// <summary>The permits in use under that limit before the check.</summary>
    public long Used { get; private init; }

    /// <summary>How long until that limit has all its permits back.</summary>
    public TimeSpan ResetIn { get; private init; }

    /// <summary>How long until the same check passes; null when allowed, or when no wait helps.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>The names of the limits that said no, also in shadow mode.</summary>
    public IReadOnlyList<string> Violated { get; private init; } = [];

    /// <summary>
    /// How long this denial stays as it is: until then nobody can take from the policy's limits, and neither what
    /// remains of them nor which of them said no changes, unless permits are given back, the counters are reset or the
    /// policy changes. 0 when that cannot be told.
    /// </summary>
    public TimeSpan StableFor { get; private init; }

    /// <summary>
    /// The decision without anything counted, because the store does not answer. What can never pass is denied all the
    /// same, and a policy in shadow mode denies nobody.
    /// </summary>
    /// <param name="policy">The policy.</param>
    /// <param name="cost">The permits asked for.</param>
    /// <param name="allowed">Whether the policy lets pass what cannot be counted.</param>
    /// <param name="now">The time.</param>
    /// <param name="retryAfter">When to ask again, if it does not.</param>
    public static Decision Uncounted(
        Policy policy,
        long cost,
        bool allowed,
        DateTimeOffset now,
        TimeSpan retryAfter
    )
    {
        allowed |= policy.Definition.Mode == PolicyMode.Shadow;
        var wait = allowed ? 0 : retryAfter.Ticks / TimeSpan.TicksPerMicrosecond;
        var decision = From(
            policy,
            [
                .. policy.Limits.Select(limit =>
                    limit.Permits == 0 || cost > limit.Capacity
                        ? new LimitStatus(LimitStatus.Never, limit.Capacity, 0, 0)
                        : new LimitStatus(wait, allowed ? limit.Capacity : 0, wait, 0)
                ),
            ],
            now
        ) with
        {
            Degraded = true,
            IsCounted = false,
        };
        return decision.IsFailClosed
            // No limit said so.
            ? decision with
            {
                Reason = StoreDoesNotAnswer,
                Violated = [],
            }
            : decision with
            {
                ResetIn = TimeSpan.Zero,
            };
    }

    /// <summary>The decision of a policy that is switched off.</summary>
    public static Decision Inactive(Policy policy, DateTimeOffset now)
    {
        var least = policy.Limits.MinBy(limit => limit.Capacity)!;
        return new Decision(
            policy,
            [.. policy.Limits.Select(limit => new LimitStatus(0, limit.Capacity, 0, 0))],
            now
        )
        {
            Allowed = true,
            Reason = PolicyInactive,
            Limit = least.Permits,
            Capacity = least.Capacity,
            Remaining = least.Capacity,
        };
    }

    /// <summary>
    /// The decision from the statuses of all limits of a policy: allowed when none asks to wait, to be tried again
    /// after the longest wait. The figures are those of the limit with the least remaining; of two such, of the one
    /// that takes longer to reset.
    /// </summary>
    /// <param name="policy">The policy.</param>
    /// <param name="statuses">The status of each of its limits, in their order.</param>
    /// <param name="now">When they were read.</param>
    /// <param name="steady">How long they stay as they are, if this is a denial: see <see cref="StableFor"/>.</param>
    public static Decision From(
        Policy policy,
        IReadOnlyList<LimitStatus> statuses,
        DateTimeOffset now,
        TimeSpan steady = default
    )
    {
        var nearest = 0;
        var longest = 0L;
        Limit? never = null;
        List<string>? violated = null;
        for (var i = 0; i < statuses.Count; i++)
        {
            if (IsNearer(statuses[i], statuses[nearest]))
            {
                nearest = i;
            }

            if (statuses[i].Wait == 0)
            {
                continue;
            }

            (violated ??= []).Add(policy.Limits[i].Name);
            longest = Math.Max(longest, statuses[i].Wait);
            if (statuses[i].Wait == LimitStatus.Never)
            {
                never ??= policy.Limits[i];
            }
        }

        var isShadow = policy.Definition.Mode == PolicyMode.Shadow;
        var denied = violated is not null && !isShadow;
        return new Decision(policy, statuses, now)
        {
            Allowed = !denied,
            ShadowDenied = violated is not null && isShadow,
            Reason = denied ? Why(never) : null,
            Limit = policy.Limits[nearest].Permits,
            Capacity = policy.Limits[nearest].Capacity,
            Remaining = statuses[nearest].Remaining,
            Used = statuses[nearest].Used,
            ResetIn = TimeSpan.FromMicroseconds(statuses[nearest].Reset),
            RetryAfter = denied && never is null ? TimeSpan.FromMicroseconds(longest) : null,
            Violated = violated ?? (IReadOnlyList<string>)[],
            StableFor = denied ? steady : TimeSpan.Zero,
        };
    }

    /// <summary>The same denial so much later, which must be less than <see cref="StableFor"/>.</summary>
    public Decision After(TimeSpan elapsed)
    {
        var statuses = new LimitStatus[Statuses.Count];
        var passed = elapsed.Ticks / TimeSpan.TicksPerMicrosecond;
        for (var i = 0; i < statuses.Length; i++)
        {
            statuses[i] = Statuses[i].After(passed);
        }

        return From(Policy, statuses, DecidedAt + elapsed, StableFor - elapsed);
    }

    private static bool IsNearer(LimitStatus status, LimitStatus other) =>
        status.Remaining < other.Remaining
        || status.Remaining == other.Remaining && status.Reset > other.Reset;

    private static string Why(Limit? never) =>
        never is null ? LimitExceeded
        : never.Permits == 0 ? LimitIsZero
        : Domain.Policies.Limit.IsBucket(never.Algorithm) ? CostAboveBurst
        : CostAboveLimit;
}
