namespace RateLimiter.Infrastructure.Postgres.Database;

/// <summary>A row of <c>clients</c>. It is locked before any change of the client.</summary>
internal sealed class ClientRow
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Incremented with every change of keys or policies.</summary>
    public long Version { get; set; } = 1;

    /// <summary>Incremented with every change of keys.</summary>
    public long KeysVersion { get; set; }

    /// <summary>Incremented with every change of policies or overrides.</summary>
    public long PoliciesVersion { get; set; }

    /// <summary>The size of the policies in the format of Redis, so that a quota means the same in both.</summary>
    public long PolicyBytes { get; set; }
}

/// <summary>A row of <c>keys</c>.</summary>
internal sealed class KeyRow
{
    public required string ClientId { get; init; }

    /// <summary>SHA-256 of the key.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>The key's public name.</summary>
    public required string Id { get; init; }

    /// <summary>What is known about it, as JSON.</summary>
    public required string Document { get; set; }
}

/// <summary>A row of <c>policies</c>: the last version of one.</summary>
internal sealed class PolicyRow
{
    public required string ClientId { get; init; }

    public required string RouteKey { get; init; }

    public required string Role { get; init; }

    public required long Version { get; init; }

    /// <summary>The policy as JSON; null when that version is its deletion.</summary>
    public required string? Document { get; init; }
}

/// <summary>A row of <c>policy_versions</c>: any version of a policy, the last one included.</summary>
internal sealed class PolicyVersionRow
{
    public required string ClientId { get; init; }

    public required string RouteKey { get; init; }

    public required string Role { get; init; }

    public required long Version { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>The public name of the key with which the change was made.</summary>
    public required string? By { get; init; }

    /// <summary>The policy as JSON; null when this version is its deletion.</summary>
    public required string? Document { get; init; }
}

/// <summary>A row of <c>overrides</c>.</summary>
internal sealed class OverrideRow
{
    public required string ClientId { get; init; }

    public required string Id { get; init; }

    public required long Version { get; init; }

    /// <summary>The override as JSON.</summary>
    public required string Document { get; init; }
}

/// <summary>A row of <c>audit</c>. It is kept after its client is deleted.</summary>
internal sealed class AuditRow
{
    /// <summary>Assigned by the database; for each client, in the order of its changes.</summary>
    public long Id { get; init; }

    public required string ClientId { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Action { get; init; }

    public required string? KeyId { get; init; }

    public required string Address { get; init; }

    public required string RequestId { get; init; }

    public required string? Before { get; init; }

    public required string? After { get; init; }
}

/// <summary>
/// A row of <c>announcements</c>, the transactional outbox: a change that may not be projected to the store yet. It is
/// written in the same transaction as the change.
/// </summary>
internal sealed class OutboxRow
{
    /// <summary>Assigned by the database.</summary>
    public long Id { get; init; }

    public required string ClientId { get; init; }

    /// <summary>The client's version after the change; null when it was deleted.</summary>
    public required long? Version { get; init; }
}

/// <summary>The row of <c>audit_settings</c>.</summary>
internal sealed class AuditSettingsRow
{
    /// <summary>Always true: there is exactly one row.</summary>
    public bool Id { get; init; } = true;

    /// <summary>How long an entry of the audit trail is kept; 0 for ever.</summary>
    public int RetentionDays { get; set; }
}
