namespace RateLimiter.Domain.Keys;

/// <summary>What a key may be used for.</summary>
[Flags]
public enum Scopes
{
    None = 0,

    /// <summary>Checks, and reading a user's usage.</summary>
    Check = 1,

    /// <summary>Reading policies.</summary>
    PolicyRead = 2,

    /// <summary>Saving and deleting policies.</summary>
    PolicyWrite = 4,

    /// <summary>Reading logged decisions.</summary>
    LogsRead = 8,

    /// <summary>Refunds and resets, and reading a user's usage.</summary>
    UsageWrite = 16,

    /// <summary>
    /// Creating, listing, rotating and deleting keys whose scopes do not exceed those of the caller's own key.
    /// </summary>
    KeysWrite = 32,

    /// <summary>Everything, including the deletion of the client.</summary>
    Admin = 64,

    /// <summary>Reading the audit trail: who changed what.</summary>
    AuditRead = 128,
}

/// <summary>Converts scopes to their names and back, and compares them.</summary>
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

    /// <summary>The names of all scopes.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(scope => scope.Name)];

    /// <summary>Whether these scopes permit an action for which any one of <paramref name="wanted"/> is sufficient.</summary>
    public static bool Allow(this Scopes scopes, Scopes wanted) =>
        (scopes & (wanted | Scopes.Admin)) != 0;

    /// <summary>Whether these scopes permit everything that the others permit.</summary>
    public static bool Cover(this Scopes scopes, Scopes others) =>
        scopes.HasFlag(Scopes.Admin) || (others & ~scopes) == 0;

    public static IReadOnlyList<string> ToNames(this Scopes scopes) =>
        [.. Known.Where(scope => scopes.HasFlag(scope.Scope)).Select(scope => scope.Name)];

    /// <summary>Parses the output of <see cref="ToNames"/>. False when one of the names is unknown.</summary>
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
