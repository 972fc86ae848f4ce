using RateLimiter.Dashboard.Formatting;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Limits;

/// <summary>Whose usage is looked up.</summary>
/// <param name="UserId">The user; null when none is named.</param>
/// <param name="Subjects">The subjects beside the user; null when there are none.</param>
public sealed record UsageOwner(string? UserId, SubjectValues? Subjects)
{
    /// <summary>Whether nothing is named.</summary>
    public bool IsNobody => UserId is null && Subjects is null;

    /// <summary>The limits of a policy that count for the owner: all of their subjects are named.</summary>
    public IEnumerable<Limit> LimitsOf(Policy policy) =>
        policy.Limits.Where(limit =>
            limit.Per.All(name =>
                name == SubjectNames.User ? UserId is not null : Subjects?.ContainsKey(name) == true
            )
        );

    /// <summary>Those of them that a reset means: their subjects are exactly those that are named.</summary>
    public IEnumerable<Limit> ResetLimitsOf(Policy policy)
    {
        var count = (UserId is null ? 0 : 1) + (Subjects?.Count ?? 0);
        return LimitsOf(policy).Where(limit => limit.Per.Count == count);
    }

    /// <summary>The key of the usage on a route.</summary>
    public UsageKey KeyOf(string route, string role) => new(UserId, route, role, Subjects);

    /// <summary>The user and the subjects, as in <c>alice, org=acme</c>.</summary>
    public override string ToString() =>
        string.Join(
            ", ",
            (UserId is null ? (IEnumerable<string>)[] : [UserId]).Concat(
                SubjectText.Pairs(Subjects)
            )
        );
}
