using System.Runtime.CompilerServices;
using RateLimiter.Domain.Overrides;

namespace RateLimiter.Domain.Policies;

/// <summary>What a policy does with a check that its limits deny.</summary>
public enum PolicyMode
{
    /// <summary>Denies the check.</summary>
    Enforce,

    /// <summary>Allows the check and reports that it would have been denied: for trying a policy out.</summary>
    Shadow,
}

/// <summary>What a policy decides while the store does not answer.</summary>
public enum StoreFailureMode
{
    /// <summary>Fail closed: denies everything.</summary>
    Deny,

    /// <summary>Fail open: allows everything.</summary>
    Allow,

    /// <summary>
    /// Fail local: each instance counts in its own memory, starting from 0. N instances together allow up to N times the limit.
    /// </summary>
    Local,
}

/// <summary>What becomes of the permits of a reservation that nobody settles.</summary>
public enum ExpiryAction
{
    /// <summary>They are given back.</summary>
    Release,

    /// <summary>They stay taken. Slots are given back nevertheless.</summary>
    Charge,
}

/// <summary>A policy as its owner writes it.</summary>
/// <param name="Key">The route and role that it applies to.</param>
/// <param name="Limits">1 to <see cref="MaxLimits"/>, each with a name of its own. A check must pass them all.</param>
/// <param name="Description">Free text, at most 500 characters.</param>
/// <param name="IsActive">Whether it limits: an inactive policy allows everything and counts nothing.</param>
/// <param name="Mode">What it does with a check that its limits deny.</param>
/// <param name="OnStoreFailure">What it decides while the store does not answer; null for the service's default.</param>
/// <param name="OnExpiry">What becomes of expired reservations that do not say it themselves; null for the default, release.</param>
public sealed record PolicyDefinition(
    PolicyKey Key,
    LimitList Limits,
    string? Description,
    bool IsActive,
    PolicyMode Mode,
    StoreFailureMode? OnStoreFailure = null,
    ExpiryAction? OnExpiry = null
)
{
    public const int MaxLimits = 8;

    /// <summary>The only limit of a policy that was given with a single one, which has the default name; else null.</summary>
    public Limit? OnlyLimit => Limits is [{ Name: Limit.DefaultName } only] ? only : null;

    /// <summary>The same definition with new, unused counters: earlier usage no longer counts.</summary>
    public PolicyDefinition WithNewEpoch() =>
        this with
        {
            Limits = [.. Limits.Select(limit => limit.WithNewEpoch())],
        };

    /// <summary>Whether both definitions are equal except for the epochs of their limits.</summary>
    public bool IsEquivalentTo(PolicyDefinition other) =>
        this with { Limits = [] } == other with { Limits = [] }
        && Limits.Count == other.Limits.Count
        && Limits.Zip(other.Limits).All(pair => pair.First.IsEquivalentTo(pair.Second));
}

/// <summary>A policy as it is stored.</summary>
/// <param name="Definition">What its owner wrote.</param>
/// <param name="Version">1 when created, increased by one with every save.</param>
/// <param name="CreatedAt">When its first version was saved, UTC.</param>
/// <param name="UpdatedAt">When this version was saved, UTC.</param>
/// <param name="UpdatedBy">The public id of the key that it was saved with; null when unknown.</param>
public sealed record Policy(
    PolicyDefinition Definition,
    long Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string? UpdatedBy = null
)
{
    // By override, then by policy: the same object each time, so that others can attach what they make of its limits.
    private static readonly ConditionalWeakTable<
        Override,
        ConditionalWeakTable<Policy, Policy>
    > Overridden = [];

    public PolicyKey Key => Definition.Key;

    public LimitList Limits => Definition.Limits;

    /// <param name="definition">What its owner wrote.</param>
    /// <param name="now">The time.</param>
    /// <param name="by">The public id of the key that creates it.</param>
    /// <param name="version">The number after the last version of an earlier policy for the same route and role.</param>
    public static Policy Create(
        PolicyDefinition definition,
        DateTimeOffset now,
        string? by = null,
        long version = 1
    ) => new(definition, version, now, now, by);

    /// <summary>A policy of the service itself, which belongs to no client.</summary>
    public static Policy OfService(params LimitList limits) =>
        Create(
            new PolicyDefinition(
                PolicyKey.CatchAll,
                limits,
                Description: null,
                IsActive: true,
                PolicyMode.Enforce
            ),
            DateTimeOffset.UnixEpoch
        );

    /// <summary>
    /// A policy of the service itself with one limit of each algorithm that checks can ask, for warming up code before it is needed.
    /// </summary>
    public static Policy OfEveryAlgorithm(long permits) =>
        OfService([
            .. Algorithms.OfChecks.Select<Algorithm, Limit>(algorithm =>
                algorithm == Algorithm.Calendar
                    ? new CalendarLimit(
                        $"{algorithm}",
                        permits,
                        new CalendarSchedule(CalendarUnit.Hour, TimeZones.Utc)
                    )
                    : RateLimit.Create(
                        $"{algorithm}",
                        algorithm,
                        permits,
                        TimeSpan.FromSeconds(1),
                        permits
                    )
            ),
        ]);

    /// <summary>
    /// The next version. Usage under the old version still counts under a limit of the same name, algorithm, subjects and window
    /// (a bucket's window may change), if the limits of the policy still have the same subjects in common, which are part of
    /// the names of the counters; every other limit is reset.
    /// </summary>
    public Policy Revise(PolicyDefinition definition, DateTimeOffset now, string? by = null) =>
        new(
            definition with
            {
                Limits = definition.Limits.Common.Equals(Limits.Common)
                    ? [.. definition.Limits.Select(Continue)]
                    : definition.Limits,
            },
            Version + 1,
            CreatedAt,
            now,
            by
        );

    /// <summary>The names of limits that an earlier version has too, and whose usage no longer counts.</summary>
    public IReadOnlyList<string> ResetSince(Policy earlier) =>
        [
            .. Limits
                .Where(limit =>
                    earlier.Limits.FirstOrDefault(other => other.Name == limit.Name) is { } known
                    && known.Epoch != limit.Epoch
                )
                .Select(limit => limit.Name),
        ];

    /// <summary>The override that decides checks under this policy; null when none does.</summary>
    public Override? OverriddenBy { get; private init; }

    /// <summary>Whether an override decides, whatever the limits say.</summary>
    public bool IsDecidedByOverride =>
        OverriddenBy is { Effect: OverrideEffect.Blocked or OverrideEffect.Unlimited };

    /// <summary>
    /// This policy as an override changes it. Its limits keep their counters, and those that the override does not name, or
    /// whose counter is not of the override's subject, are the same.
    /// </summary>
    public Policy Under(Override it) =>
        Overridden
            .GetOrCreateValue(it)
            .GetValue(
                this,
                policy =>
                    policy with
                    {
                        OverriddenBy = it,
                        Definition = policy.Definition with
                        {
                            Limits = policy.Limits.Any(limit => IsChanged(limit, it.Definition))
                                ? [.. policy.Limits.Select(limit => Change(limit, it.Definition))]
                                : policy.Limits,
                        },
                    }
            );

    private static bool IsChanged(Limit limit, OverrideDefinition it) =>
        it.Limits?.ContainsKey(limit.Name) == true && limit.Per.Contains(it.Subject);

    private static Limit Change(Limit limit, OverrideDefinition it) =>
        IsChanged(limit, it) ? limit.WithPermits(it.Limits![limit.Name]) : limit;

    private Limit Continue(Limit limit) =>
        Limits.FirstOrDefault(limit.Continues) is { } counted
            ? limit with
            {
                Epoch = counted.Epoch,
            }
            : limit;
}
