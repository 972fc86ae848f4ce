namespace RateLimiter.Domain;

/// <summary>The kind of a recorded change.</summary>
public enum AuditAction
{
    ClientRegistered,
    ClientDeleted,
    KeyCreated,

    /// <summary>A new key replaced the key that authenticated the request.</summary>
    KeyRotated,
    KeyDeleted,
    PolicyCreated,
    PolicyUpdated,
    PolicyDeleted,

    /// <summary>An earlier version of a policy was restored.</summary>
    PolicyRolledBack,
    OverrideCreated,
    OverrideUpdated,
    OverrideDeleted,
}

/// <summary>Converts actions to their names and back.</summary>
public static class AuditActions
{
    private static readonly (string Name, AuditAction Action)[] Known =
    [
        ("client.registered", AuditAction.ClientRegistered),
        ("client.deleted", AuditAction.ClientDeleted),
        ("key.created", AuditAction.KeyCreated),
        ("key.rotated", AuditAction.KeyRotated),
        ("key.deleted", AuditAction.KeyDeleted),
        ("policy.created", AuditAction.PolicyCreated),
        ("policy.updated", AuditAction.PolicyUpdated),
        ("policy.deleted", AuditAction.PolicyDeleted),
        ("policy.rolled_back", AuditAction.PolicyRolledBack),
        ("override.created", AuditAction.OverrideCreated),
        ("override.updated", AuditAction.OverrideUpdated),
        ("override.deleted", AuditAction.OverrideDeleted),
    ];

    /// <summary>The names of all actions.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(action => action.Name)];

    public static string ToName(this AuditAction action) =>
        Known.First(known => known.Action == action).Name;

    /// <summary>Parses a name that <see cref="ToName"/> returns. False when no action has this name.</summary>
    public static bool TryParse(string? name, out AuditAction action)
    {
        var index = Array.FindIndex(Known, known => known.Name == name);
        action = index < 0 ? default : Known[index].Action;
        return index >= 0;
    }
}
