namespace RateLimiter.Domain;

/// <summary>What was done.</summary>
public enum AuditAction
{
    ClientRegistered,
    ClientDeleted,
    KeyCreated,

    /// <summary>A key came in the place of the one it was asked with.</summary>
    KeyRotated,
    KeyDeleted,
    PolicyCreated,
    PolicyUpdated,
    PolicyDeleted,

    /// <summary>What a policy said before, it says again.</summary>
    PolicyRolledBack,
}

/// <summary>How actions are written.</summary>
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
    ];

    /// <summary>All of them, as they are written.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(action => action.Name)];

    public static string ToName(this AuditAction action) =>
        Known.First(known => known.Action == action).Name;

    /// <summary>Reads what <see cref="ToName"/> writes. False when it is none.</summary>
    public static bool TryParse(string? name, out AuditAction action)
    {
        var index = Array.FindIndex(Known, known => known.Name == name);
        action = index < 0 ? default : Known[index].Action;
        return index >= 0;
    }
}
