namespace RateLimiting.Client;

/// <summary>Whose usage is read or reset.</summary>
/// <param name="RouteKey">The route, 1 to 128 characters.</param>
/// <param name="UserId">The user, 1 to 256 characters; null when it is not about a user.</param>
/// <param name="Role">The role, 1 to 128 characters; null is the default role.</param>
public sealed record RateLimitUsageKey(string RouteKey, string? UserId = null, string? Role = null)
{
    private const string QueryPrefix = "subject.";

    /// <summary>The subjects beside the user, by name, such as <c>org</c>: at most 8.</summary>
    public IReadOnlyDictionary<string, string>? Subjects { get; init; }

    internal Dictionary<string, string>? ToQuery() =>
        Subjects?.ToDictionary(subject => QueryPrefix + subject.Key, subject => subject.Value);
}
