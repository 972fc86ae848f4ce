using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Audit;

/// <summary>An entry of a client's audit trail.</summary>
/// <param name="Id">Its place in the trail: a later entry has a greater one. Not every number is there.</param>
/// <param name="Record">What it says.</param>
public sealed record AuditEntry(long Id, AuditRecord Record);

/// <summary>Who changed what, and when.</summary>
/// <param name="Action">What was done.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Actor">Who did it.</param>
/// <param name="Before">What it was done to, as it was; null when that was made.</param>
/// <param name="After">What came of it; null when it was deleted.</param>
public sealed record AuditRecord(
    AuditAction Action,
    DateTimeOffset At,
    Actor Actor,
    Audited? Before,
    Audited? After
);

/// <summary><see cref="AuditedClient"/>, <see cref="AuditedKey"/> or <see cref="AuditedPolicy"/>.</summary>
public abstract record Audited;

/// <param name="Name">The name its owner gave.</param>
public sealed record AuditedClient(string Name) : Audited;

/// <summary>A <see cref="ClientKey"/>, without what it is recognised by.</summary>
public sealed record AuditedKey(
    string Id,
    string Prefix,
    string Name,
    Scopes Scopes,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt
) : Audited
{
    public static AuditedKey Of(ClientKey key) =>
        new(key.Id, key.Prefix, key.Name, key.Scopes, key.CreatedAt, key.ExpiresAt);
}

public sealed record AuditedPolicy(Policy Policy) : Audited;

/// <summary>What the trail says of changes of policies.</summary>
public static class PolicyAudit
{
    public static AuditRecord ToAudit(this PolicyChange change, DateTimeOffset at, Actor actor) =>
        new(
            change.Action,
            at,
            actor,
            change.Before.Policy is { } before ? new AuditedPolicy(before) : null,
            change.After is { } after ? new AuditedPolicy(after) : null
        );

    public static IEnumerable<AuditRecord> ToAudit(this PolicyChanges changes) =>
        changes.Changes.Select(change => change.ToAudit(changes.At, changes.Actor));
}
