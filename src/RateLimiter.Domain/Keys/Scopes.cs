namespace RateLimiter.Domain.Keys;

/// <summary>What a key is good for.</summary>
[Flags]
public enum Scopes
{
    None = 0,

    /// <summary>Checks, and what a user has used.</summary>
    Check = 1,

    /// <summary>Reading policies.</summary>
    PolicyRead = 2,

    /// <summary>Saving and deleting policies.</summary>
    PolicyWrite = 4,

    /// <summary>Reading what was decided.</summary>
    LogsRead = 8,

    /// <summary>Refunds and resets, and what a user has used.</summary>
    UsageWrite = 16,

    /// <summary>Keys that are good for no more than the own one: making, listing, rotating and deleting them.</summary>
    KeysWrite = 32,

    /// <summary>Everything, the client's end included.</summary>
    Admin = 64,

    /// <summary>Reading who changed what.</summary>
    AuditRead = 128,
}

/// <summary>How scopes are written and compared.</summary>
public static class ScopeRules
{
    private static readonly (string Name, Scopes Scope)[] Known =
    [
        ("check", Scopes.Check),
        ("policy:read", Scopes.PolicyRead),
        ("policy:write", Scopes.PolicyWrite),
        ("logs:read", Scopes.LogsRead),
        ("usage:write", Scopes.UsageWrite),
        ("keys:write", Scopes.KeysWrite),
        ("audit:read", Scopes.AuditRead),
        ("admin", Scopes.Admin),
    ];

    /// <summary>All of them, as they are written.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(scope => scope.Name)];

    /// <summary>Whether a key with these scopes may do what any of <paramref name="wanted"/> is enough for.</summary>
    public static bool Allow(this Scopes scopes, Scopes wanted) =>
        (scopes & (wanted | Scopes.Admin)) != 0;

    /// <summary>Whether a key with these scopes is good for everything that one with the others is.</summary>
    public static bool Cover(this Scopes scopes, Scopes others) =>
        scopes.HasFlag(Scopes.Admin) || (others & ~scopes) == 0;

    public static IReadOnlyList<string> ToNames(this Scopes scopes) =>
        [.. Known.Where(scope => scopes.HasFlag(scope.Scope)).Select(scope => scope.Name)];

    /// <summary>Reads what <see cref="ToNames"/> writes. False when one of the names is none.</summary>
    public static bool TryParse(IEnumerable<string?> names, out Scopes scopes)
    {
        scopes = Scopes.None;
        foreach (var name in names)
        {
            var found = Array.Find(Known, scope => scope.Name == name).Scope;
            if (found == Scopes.None)
            {
                return false;
            }

            scopes |= found;
        }

        return true;
    }
}
