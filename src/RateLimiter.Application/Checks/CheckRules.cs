using RateLimiter.Application.Validation;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Checks;

/// <summary>
/// The rules of checks and refunds. Written by hand, because validation by attributes or validators costs more than the check
/// itself.
/// </summary>
public static class CheckRules
{
    /// <summary>The cost of a check when it is omitted.</summary>
    public const long DefaultCost = 1;

    /// <summary>The most checks of a batch.</summary>
    public const int MaxChecks = 1000;

    /// <summary>The validation errors by field, or null when there are none.</summary>
    public static Dictionary<string, string[]>? Validate(
        string? userId,
        string? routeKey,
        string? role,
        long cost
    )
    {
        Dictionary<string, string[]>? errors = null;
        Add("user_id", Names.Problem(userId, Names.MaxUserLength));
        Add("route_key", Names.Problem(routeKey, Names.MaxRouteLength));
        Add("role", role is null ? null : Names.Problem(role, Names.MaxRoleLength));
        Add("cost", CostProblem(cost));
        return errors;

        void Add(string field, string? problem)
        {
            if (problem is not null)
            {
                (errors ??= []).Add(field, [problem]);
            }
        }
    }

    /// <summary>Describes what is wrong with a cost; null when the cost is valid.</summary>
    public static string? CostProblem(long cost) =>
        FieldRules.RangeProblem(cost, 0, Limit.MaxPermits);

    /// <summary>Describes what is wrong with a batch of so many checks; null when nothing is.</summary>
    /// <param name="count">Null where the batch is missing.</param>
    public static string? BatchProblem(int? count) =>
        count switch
        {
            null => FieldRules.Required,
            < 1 or > MaxChecks => $"must hold 1 to {MaxChecks} checks",
            _ => null,
        };
}
