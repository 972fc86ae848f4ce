namespace RateLimiter.Domain.Policies;

/// <summary>
/// What is last known of a policy. Its versions are numbered on when it is deleted, which makes one of its own, and made
/// anew, so that a number always means the same.
/// </summary>
/// <param name="Key">What the policy is for.</param>
/// <param name="Version">The number of its last version; 0 when nothing is known of one.</param>
/// <param name="Policy">The policy; null when there is none.</param>
public sealed record PolicyHead(PolicyKey Key, long Version, Policy? Policy)
{
    public static PolicyHead None(PolicyKey key) => new(key, 0, null);

    public static PolicyHead Of(Policy policy) => new(policy.Key, policy.Version, policy);

    /// <summary>What a save makes of it.</summary>
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
/// In no particular order: every policy, and of those that are deleted each whose versions are still known.
/// </param>
public sealed record PolicySet(long Version, IReadOnlyList<PolicyHead> Heads)
{
    public IEnumerable<Policy> Policies => Heads.Select(head => head.Policy).OfType<Policy>();
}

/// <summary>One version of a policy.</summary>
/// <param name="Version">Its number, from 1.</param>
/// <param name="At">When it was made, UTC.</param>
/// <param name="By">The public name of the key that it was made with; null when that is not known.</param>
/// <param name="Policy">The policy as it was then; null when this is its deletion.</param>
public sealed record PolicyVersion(long Version, DateTimeOffset At, string? By, Policy? Policy)
{
    public static PolicyVersion Of(Policy policy) =>
        new(policy.Version, policy.UpdatedAt, policy.UpdatedBy, policy);
}

/// <summary>One policy, before and after.</summary>
/// <param name="Before">What is known of it.</param>
/// <param name="After">What is to be there, with the next version's number; null for nothing.</param>
/// <param name="Action">What that is called in the audit trail.</param>
public sealed record PolicyChange(PolicyHead Before, Policy? After, AuditAction Action)
{
    public PolicyKey Key => Before.Key;

    /// <summary>The number of the version that it makes, also by a deletion.</summary>
    public long Version => Before.Version + 1;
}

/// <summary>Changes of a client's policies, of which all are made or none.</summary>
/// <param name="Changes">At most one for each policy.</param>
/// <param name="SetVersion">The set must still have this version; null for any.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Actor">Who makes them.</param>
/// <param name="DryRun">Whether it is only asked if they could be made.</param>
public sealed record PolicyChanges(
    IReadOnlyList<PolicyChange> Changes,
    long? SetVersion,
    DateTimeOffset At,
    Actor Actor,
    bool DryRun = false
);
