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
/// <param name="IdempotencyKey">
/// Only in an item of a batch; other calls have it as the header <c>Idempotency-Key</c>. 1 to 64 visible ASCII characters: a
/// repetition within 10 minutes gets the same answer and takes nothing again.
/// </param>
public sealed record CheckRequest(
    string? UserId,
    string? RouteKey,
    string? Role,
    long Cost = CheckRules.DefaultCost,
    long? MinCost = null,
    IReadOnlyDictionary<string, string>? Subjects = null,
    string? IdempotencyKey = null
)
{
    /// <summary>The validation errors, or null when there are none.</summary>
    internal Dictionary<string, string[]>? ValidateItem() =>
        CheckRules.Validate(UserId, RouteKey, Role, Cost, MinCost, Subjects, IdempotencyKey);

    /// <inheritdoc cref="ValidateItem"/>
    internal Dictionary<string, string[]>? Validate() =>
        IdempotencyKey is null
            ? ValidateItem()
            : new() { ["idempotency_key"] = [CheckRules.OnlyInBatches] };

    /// <inheritdoc cref="ValidateItem"/>
    internal Dictionary<string, string[]>? ValidateRefund() =>
        MinCost is null ? Validate() : new() { ["min_cost"] = [CheckRules.OnlyForChecks] };

    /// <param name="idempotencyKey">The key of the request's header; null without one.</param>
    internal Check ToCheck(string? idempotencyKey = null) =>
        new(UserId!, RouteKey!, Role ?? PolicyKey.DefaultRole, Cost)
        {
            MinCost = MinCost,
            Subjects = SubjectValues.Of(Subjects),
            IdempotencyKey = idempotencyKey ?? IdempotencyKey,
        };
}
