namespace RateLimiter.Domain.Overrides;

/// <summary>What overrides are asked about.</summary>
/// <param name="UserId">The user; null when none is named.</param>
/// <param name="Subjects">The other subjects; null when none are named.</param>
/// <param name="RouteKey">The requested route.</param>
/// <param name="Role">The requested role.</param>
public readonly record struct OverrideQuery(
    string? UserId,
    IReadOnlyDictionary<string, string>? Subjects,
    string RouteKey,
    string Role
)
{
    /// <summary>The value of a subject; null when it is not named.</summary>
    public string? Find(string subject) =>
        subject == Names.UserSubject ? UserId
        : Subjects is not null && Subjects.TryGetValue(subject, out var value) ? value
        : null;
}
