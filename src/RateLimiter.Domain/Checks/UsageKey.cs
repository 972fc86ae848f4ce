using RateLimiter.Domain.Overrides;

namespace RateLimiter.Domain.Checks;

/// <summary>Whose usage is read or reset.</summary>
/// <param name="UserId">The user; null when none is named.</param>
/// <param name="RouteKey">The route.</param>
/// <param name="Role">The role.</param>
/// <param name="Subjects">The other subjects; null when there are none.</param>
public readonly record struct UsageKey(
    string? UserId,
    string RouteKey,
    string Role,
    SubjectValues? Subjects = null
)
{
    /// <summary>What overrides are asked about.</summary>
    public OverrideQuery ToOverrideQuery() => new(UserId, Subjects, RouteKey, Role);
}
