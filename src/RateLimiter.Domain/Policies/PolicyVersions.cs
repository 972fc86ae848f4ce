using RateLimiter.Domain.Overrides;

namespace RateLimiter.Domain.Policies;

/// <summary>
/// The last known state of a policy. The numbering of its versions continues when the policy is deleted (the deletion is a
/// version of its own) and when it is created again, so that a number always means the same version.
/// </summary>
/// <param name="Key">What the policy applies to.</param>
/// <param name="Version">The number of its last version; 0 when none is known.</param>
/// <param name="Policy">The policy; null when there is none.</param>
public sealed record PolicyHead(PolicyKey Key, long Version, Policy? Policy)
{
    public static PolicyHead None(PolicyKey key) => new(key, 0, null);

    public static PolicyHead Of(Policy policy) => new(policy.Key, policy.Version, policy);

    /// <summary>The change that a save makes.</summary>
    public PolicyChange Save(
        PolicyDefinition definition,
        DateTimeOffset now,
        Actor actor,
        AuditAction? action = null
    ) =>
        new(
            this,
            Policy is null
                ? Policies.Policy.Create(definition, now, actor.KeyId, Version + 1)
                : Policy.Revise(definition, now, actor.KeyId),
            action ?? (Policy is null ? AuditAction.PolicyCreated : AuditAction.PolicyUpdated)
        );

    public PolicyChange Delete() => new(this, null, AuditAction.PolicyDeleted);
}

/// <summary>The policies of a client at one time.</summary>
/// <param name="Version">Grows with every change of any of them; 0 before the first.</param>
/// <param name="Heads">
/// In no particular order: every policy, and every deleted policy whose versions are still known.
/// </param>
public sealed record PolicySet(long Version, IReadOnlyList<PolicyHead> Heads)
{
    public IEnumerable<Policy> Policies => Heads.Select(head => head.Policy).OfType<Policy>();

    /// <summary>The client's overrides, in no particular order: a change of one is a change of the set.</summary>
    public IReadOnlyList<Override> Overrides { get; init; } = [];
}

/// <summary>One version of a policy.</summary>
/// <param name="Version">Its number, from 1.</param>
/// <param name="At">When it was saved, UTC.</param>
/// <param name="By">The public id of the key that it was saved with; null when unknown.</param>
/// <param name="Policy">The policy in this version; null when the version is a deletion.</param>
public sealed record PolicyVersion(long Version, DateTimeOffset At, string? By, Policy? Policy)
{
    public static PolicyVersion Of(Policy policy) =>
        new(policy.Version, policy.UpdatedAt, policy.UpdatedBy, policy);
}

/// <summary>One policy, before and after.</summary>
/// <param name="Before">The last known state.</param>
/// <param name="After">The new state, with the number of the next version; null for a deletion.</param>
/// <param name="Action">The kind of the change in the audit trail.</param>
public sealed record PolicyChange(PolicyHead Before, Policy? After, AuditAction Action)
{
    public PolicyKey Key => Before.Key;

    /// <summary>The number of the version that the change creates, also for a deletion.</summary>
    public long Version => Before.Version + 1;

    /// <summary>The names of limits that the policy had before, and whose usage no longer counts.</summary>
    public IReadOnlyList<string> ResetLimits =>
        Before.Policy is { } before && After is not null ? After.ResetSince(before) : [];
}

/// <summary>Changes of a client's policies, which are made all together or not at all.</summary>
/// <param name="Changes">At most one for each policy.</param>
/// <param name="SetVersion">The version that the set must still have; null for any.</param>
/// <param name="At">The time of the changes, UTC.</param>
/// <param name="Actor">Who makes them.</param>
/// <param name="DryRun">Whether the changes are only validated and not made.</param>
public sealed record PolicyChanges(
    IReadOnlyList<PolicyChange> Changes,
    long? SetVersion,
    DateTimeOffset At,
    Actor Actor,
    bool DryRun = false
)
{
    /// <summary>Changes of overrides, which are made with those of the policies; at most one for each.</summary>
    public IReadOnlyList<OverrideChange> Overrides { get; init; } = [];
}
