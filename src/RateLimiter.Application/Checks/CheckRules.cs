using RateLimiter.Application.Validation;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
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

    /// <summary>The error of a field of a check that a refund does not have.</summary>
    public const string OnlyForChecks = "is only for checks";

    /// <summary>The error of an idempotency key in the body of a call that has it as a header.</summary>
    public const string OnlyInBatches =
        "is only for items of a batch; send the header Idempotency-Key";

    /// <summary>The validation errors by field, or null when there are none.</summary>
    public static Dictionary<string, string[]>? Validate(
        string? userId,
        string? routeKey,
        string? role,
        long cost,
        long? minCost,
        IReadOnlyDictionary<string, string>? subjects,
        string? idempotencyKey = null
    )
    {
        Dictionary<string, string[]>? errors = null;
        Add("user_id", Names.Problem(userId, Names.MaxUserLength));
        Add("route_key", Names.Problem(routeKey, Names.MaxRouteLength));
        Add("role", role is null ? null : Names.Problem(role, Names.MaxRoleLength));
        Add("cost", CostProblem(cost));
        Add("min_cost", minCost is { } least ? MinCostProblem(least, cost) : null);
        Add(
            "idempotency_key",
            idempotencyKey is null ? null : IdempotencyKey.Problem(idempotencyKey)
        );
        SubjectRules.Validate(subjects, SubjectRules.Field, Add);
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

    /// <summary>Describes what is wrong with the fewest permits of a check; null when nothing is.</summary>
    public static string? MinCostProblem(long minCost, long cost) =>
        cost is < 0 or > Limit.MaxPermits || minCost >= Math.Min(cost, 1) && minCost <= cost ? null
        : cost == 0 ? "must be 0 with a cost of 0"
        : $"must be from 1 to the cost, {cost}";

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
