using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Checks;

/// <summary>A user, the route they call, and how many permits the call costs.</summary>
/// <param name="UserId">The user to check, 1 to 256 characters.</param>
/// <param name="RouteKey">The route that the user calls, 1 to 128 characters.</param>
/// <param name="Role">The user's role, 1 to 128 characters; omitted, null and "default" are the same.</param>
/// <param name="Cost">The number of permits, 0 to 1,000,000,000; 0 consumes nothing.</param>
/// <param name="MinCost">
/// The fewest permits to take when fewer than the cost are left, 1 to the cost; 0 only with a cost of 0; the cost when omitted.
/// </param>
/// <param name="Subjects">
/// Who the check is for beside the user, such as <c>{"org": "acme"}</c>: at most 8 members, each named by a lower-case letter
/// and then a to z, 0 to 9 and _, with a value of 1 to 256 characters.
/// </param>
public sealed record CheckRequest(
    string? UserId,
    string? RouteKey,
    string? Role,
    long Cost = CheckRules.DefaultCost,
    long? MinCost = null,
    IReadOnlyDictionary<string, string>? Subjects = null
)
{
    /// <summary>The validation errors, or null when there are none.</summary>
    internal Dictionary<string, string[]>? Validate() =>
        CheckRules.Validate(UserId, RouteKey, Role, Cost, MinCost, Subjects);

    /// <inheritdoc cref="Validate"/>
    internal Dictionary<string, string[]>? ValidateRefund() =>
        MinCost is null ? Validate() : new() { ["min_cost"] = [CheckRules.OnlyForChecks] };

    internal Check ToCheck() =>
        new(UserId!, RouteKey!, Role ?? PolicyKey.DefaultRole, Cost)
        {
            MinCost = MinCost,
            Subjects = SubjectValues.Of(Subjects),
        };
}
