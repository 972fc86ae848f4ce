using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>The result of a check.</summary>
public sealed partial record Decision
{
    public const string LimitExceeded = "Rate limit exceeded";
    public const string PolicyInactive = "Rate limiting disabled for this policy";
    public const string NoLimitApplies = "No limit of this policy applies to these subjects";
    public const string Blocked = "Blocked";
    public const string LimitIsZero = "The limit is 0: no request is allowed";
    public const string StoreDoesNotAnswer =
        "The store does not answer, and the policy denies until it does";
    public const string CostAboveLimit = "The cost is above the limit and can never be allowed";
    public const string SlotsAboveLimit = "The slots are above the limit and can never be allowed";
    public const string CostAboveBurst = "The cost is above the burst and can never be allowed";

    private Decision(
        Policy policy,
        IReadOnlyList<Limit> limits,
        IReadOnlyList<LimitStatus> statuses,
        DateTimeOffset decidedAt
    )
    {
        Policy = policy;
        Limits = limits;
        Statuses = statuses;
        DecidedAt = decidedAt;
    }

    /// <summary>The policy that decided, as an override changed it.</summary>
    public Policy Policy { get; }

    /// <summary>
    /// The limits that are known to have decided, in the policy's order: all of them, but for a remembered denial of counters
    /// with several owners, which knows only the limits that denied.
    /// </summary>
    public IReadOnlyList<Limit> Limits { get; }

    /// <summary>The status of each of <see cref="Limits"/>.</summary>
    public IReadOnlyList<LimitStatus> Statuses { get; }

    /// <summary>The time of the decision, by the store's clock.</summary>
    public DateTimeOffset DecidedAt { get; }

    public bool Allowed { get; private init; }

    /// <summary>
    /// The permits that the caller may use: the cost, or fewer where fewer were left and the caller is content with them; 0 when
    /// denied.
    /// </summary>
    public long Granted { get; private set; }

    /// <summary>Allowed only because the policy is in shadow mode.</summary>
    public bool ShadowDenied { get; private init; }

    /// <summary>Whether this was decided now. When nothing was decided, the rest says nothing.</summary>
    public DecisionKind Kind { get; init; }

    /// <summary>The id of the reservation that holds the permits; null when nothing is held.</summary>
    public string? ReservationId { get; init; }

    /// <summary>Made without the store, which did not answer, by the policy's mode for store failures.</summary>
    public bool Degraded { get; init; }

    /// <summary>
    /// Whether the figures were counted: by the store or, where the policy fails local, by this instance. Otherwise they are
    /// unknown, and the ones given here are only consistent with the verdict.
    /// </summary>
    public bool IsCounted { get; private init; } = true;

    /// <summary>
    /// Denied only because the store does not answer and the policy fails closed: no limit was reached, and the user did not
    /// cause the denial.
    /// </summary>
    public bool IsFailClosed => !IsCounted && RetryAfter is not null;

    /// <summary>
    /// Whether an override decided, whatever the limits say: the figures are not the reason, and are not counted.
    /// </summary>
    public bool IsOverridden => Policy.IsDecidedByOverride;

    /// <summary>The id of the override that decided or changed the limits; null when none did.</summary>
    public string? OverrideId => Policy.OverriddenBy?.Id;

    /// <summary>Why the check was denied; null when allowed, unless the policy is inactive.</summary>
    public string? Reason { get; private init; }

    /// <summary>The index in <see cref="Limits"/> of the limit that is nearest to exhaustion, which the figures describe.</summary>
    public int Nearest { get; private init; }

    /// <summary>The permits per window of the limit that is nearest to exhaustion.</summary>
    public long Limit { get; private init; }

    /// <summary>The most permits that can be available at once under that limit.</summary>
    public long Capacity { get; private init; }

    /// <summary>The permits that remain under that limit, never negative.</summary>
    public long Remaining { get; private init; }

    /// <summary>The permits in use under that limit before the check.</summary>
    public long Used { get; private init; }

    /// <summary>The time until all permits of that limit are available again.</summary>
    public TimeSpan ResetIn { get; private init; }

    /// <summary>
    /// When the period of that limit ends, if it is one of a calendar, as its time zone's date and time; else null.
    /// </summary>
    public DateTimeOffset? ResetsAt { get; private init; }

    /// <summary>The time until the same check would pass; null when allowed, or when no wait helps.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>The names of the limits that denied the check, also in shadow mode.</summary>
    public IReadOnlyList<string> Violated { get; private init; } = [];

    /// <summary>
    /// How long this denial may be cached. During this time no permit can be taken from the policy's limits, and neither the
    /// remaining permits nor the list of violated limits changes, unless permits are refunded, the counters are reset or the
    /// policy changes. 0 when that is unknown.
    /// </summary>
    public TimeSpan StableFor { get; private init; }

    /// <summary>
    /// Combines the statuses of all limits of a plan. The check is allowed when no limit requires a wait; otherwise the
    /// longest wait applies. The figures are those of the limit with the fewest remaining permits; on a tie, of the limit
    /// that takes longer to reset.
    /// </summary>
    /// <param name="plan">The plan of the check.</param>
    /// <param name="statuses">The status of each of its limits, in their order.</param>
    /// <param name="now">When the statuses were read.</param>
    /// <param name="stableFor">If this is a denial, how long the statuses stay valid: see <see cref="StableFor"/>.</param>
    public static Decision From(
        in CheckPlan plan,
        IReadOnlyList<LimitStatus> statuses,
        DateTimeOffset now,
        TimeSpan stableFor = default
    )
    {
        var decision = Combine(plan.Policy, plan.Limits, statuses, now, stableFor);
        decision.Granted = decision.Allowed ? GrantedBy(plan, decision) : 0;
        return decision;
    }

    /// <summary>The same denial after some time, which must be less than <see cref="StableFor"/>.</summary>
    public Decision After(TimeSpan elapsed)
    {
        var statuses = new LimitStatus[Statuses.Count];
        var passed = elapsed.Ticks / TimeSpan.TicksPerMicrosecond;
        for (var i = 0; i < statuses.Length; i++)
        {
            statuses[i] = Statuses[i].After(passed);
        }

        return Combine(Policy, Limits, statuses, DecidedAt + elapsed, StableFor - elapsed);
    }

    /// <summary>The verdict and the figures of limits, which are only those that are known for some denials.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="limits">Its limits, in its order.</param>
    /// <param name="statuses">The status of each of them.</param>
    /// <param name="now">When the statuses were read.</param>
    /// <param name="stableFor">If this is a denial, how long the statuses stay valid: see <see cref="StableFor"/>.</param>
    public static Decision Combine(
        Policy policy,
        IReadOnlyList<Limit> limits,
        IReadOnlyList<LimitStatus> statuses,
        DateTimeOffset now,
        TimeSpan stableFor = default
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

            (violated ??= []).Add(limits[i].Name);
            longest = Math.Max(longest, statuses[i].Wait);
            if (statuses[i].Wait == LimitStatus.Never)
            {
                never ??= limits[i];
            }
        }

        var isShadow = policy.Definition.Mode == PolicyMode.Shadow;
        var denied = violated is not null && !isShadow;
        return new Decision(policy, limits, statuses, now)
        {
            Allowed = !denied,
            ShadowDenied = violated is not null && isShadow,
            Reason = denied ? Why(never) : null,
            Nearest = nearest,
            Limit = limits[nearest].Permits,
            Capacity = limits[nearest].Capacity,
            Remaining = statuses[nearest].Remaining,
            Used = statuses[nearest].Used,
            ResetIn = TimeSpan.FromMicroseconds(statuses[nearest].Reset),
            ResetsAt = (limits[nearest] as CalendarLimit)?.ResetsAt(now, statuses[nearest].Reset),
            RetryAfter = denied && never is null ? TimeSpan.FromMicroseconds(longest) : null,
            Violated = violated ?? (IReadOnlyList<string>)[],
            StableFor = denied ? stableFor : TimeSpan.Zero,
        };
    }

    // The permits that were left in every limit, if these were fewer than the cost. A policy in shadow mode withholds nothing.
    private static long GrantedBy(in CheckPlan plan, Decision decision)
    {
        var granted = plan.Cost;
        if (plan.MinCost == plan.Cost || plan.Policy.Definition.Mode == PolicyMode.Shadow)
        {
            return granted;
        }

        for (var i = 0; i < plan.Count; i++)
        {
            if (plan.Limits[i] is ConcurrencyLimit)
            {
                continue;
            }

            var left = plan.Limits[i].Capacity - decision.Statuses[i].Used;
            granted = Math.Min(granted, Math.Max(plan.MinCost, left));
        }

        return granted;
    }

    private static bool IsNearer(LimitStatus status, LimitStatus other) =>
        status.Remaining < other.Remaining
        || status.Remaining == other.Remaining && status.Reset > other.Reset;

    private static string Why(Limit? never) =>
        never is null ? LimitExceeded
        : never.Permits == 0 ? LimitIsZero
        : never is ConcurrencyLimit ? SlotsAboveLimit
        : Domain.Policies.Limit.IsBucket(never.Algorithm) ? CostAboveBurst
        : CostAboveLimit;
}
