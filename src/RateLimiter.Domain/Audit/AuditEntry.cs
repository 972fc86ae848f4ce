using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Audit;

/// <summary>An entry of a client's audit trail.</summary>
/// <param name="Id">Its position in the trail: a later entry has a greater one. The numbers have gaps.</param>
/// <param name="Record">The recorded change.</param>
public sealed record AuditEntry(long Id, AuditRecord Record);

/// <summary>Who changed what, and when.</summary>
/// <param name="Action">The kind of change.</param>
/// <param name="At">The time of the change, UTC.</param>
/// <param name="Actor">Who made the change.</param>
/// <param name="Before">The object before the change; null when the change created it.</param>
/// <param name="After">The object after the change; null when the change deleted it.</param>
public sealed record AuditRecord(
    AuditAction Action,
    DateTimeOffset At,
    Actor Actor,
    Audited? Before,
    Audited? After
);

/// <summary>
/// <see cref="AuditedClient"/>, <see cref="AuditedKey"/>, <see cref="AuditedPolicy"/> or <see cref="AuditedOverride"/>.
/// </summary>
public abstract record Audited;

/// <param name="Name">The name that its owner gave.</param>
public sealed record AuditedClient(string Name) : Audited;

/// <summary>A <see cref="ClientKey"/> without its hash.</summary>
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

public sealed record AuditedOverride(Override Override) : Audited;

/// <summary>Converts changes of policies and overrides to audit records.</summary>
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

    public static AuditRecord ToAudit(this OverrideChange change, DateTimeOffset at, Actor actor) =>
        new(
            change.Action,
            at,
            actor,
            change.Before is { } before ? new AuditedOverride(before) : null,
            change.After is { } after ? new AuditedOverride(after) : null
        );

    public static IEnumerable<AuditRecord> ToAudit(this PolicyChanges changes) =>
        changes
            .Changes.Select(change => change.ToAudit(changes.At, changes.Actor))
            .Concat(changes.Overrides.Select(it => it.ToAudit(changes.At, changes.Actor)));
}
