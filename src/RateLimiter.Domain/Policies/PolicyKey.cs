namespace RateLimiter.Domain.Policies;

/// <summary>What a policy applies to. A client has at most one policy for each route and role.</summary>
/// <param name="RouteKey">The route, 1 to 128 characters.</param>
/// <param name="Role">The role, 1 to 128 characters; <see cref="DefaultRole"/> when none was named.</param>
public readonly record struct PolicyKey(string RouteKey, string Role) : IComparable<PolicyKey>
{
    /// <summary>An omitted role, null and this name mean the same role.</summary>
    public const string DefaultRole = "default";

    /// <summary>A policy for this route applies to every route that has no policy of its own.</summary>
    public const string CatchAllRoute = "*";

    /// <summary>The key of the policy that applies where no other policy does.</summary>
    public static PolicyKey CatchAll { get; } = new(CatchAllRoute, DefaultRole);

    public bool IsCatchAll => RouteKey == CatchAllRoute;

    public static PolicyKey Create(string routeKey, string? role) =>
        new(routeKey, role ?? DefaultRole);

    /// <summary>By route, then by role, each by code point.</summary>
    public int CompareTo(PolicyKey other)
    {
        var byRoute = Names.Compare(RouteKey, other.RouteKey);
        return byRoute != 0 ? byRoute : Names.Compare(Role, other.Role);
    }

    public static bool operator <(PolicyKey left, PolicyKey right) => left.CompareTo(right) < 0;

    public static bool operator >(PolicyKey left, PolicyKey right) => left.CompareTo(right) > 0;

    public static bool operator <=(PolicyKey left, PolicyKey right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PolicyKey left, PolicyKey right) => left.CompareTo(right) >= 0;
}
