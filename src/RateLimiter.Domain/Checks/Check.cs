namespace RateLimiter.Domain.Checks;

/// <param name="UserId">The user that is checked.</param>
/// <param name="RouteKey">The route that the user wants to use.</param>
/// <param name="Role">The user's role.</param>
/// <param name="Cost">The permits that the check consumes; 0 only reads the counters.</param>
public readonly record struct Check(string UserId, string RouteKey, string Role, long Cost)
{
    /// <summary>The other subjects; null when there are none.</summary>
    public SubjectValues? Subjects { get; init; }

    /// <summary>The fewest permits with which the caller is content; null for the whole cost.</summary>
    public long? MinCost { get; init; }
}
