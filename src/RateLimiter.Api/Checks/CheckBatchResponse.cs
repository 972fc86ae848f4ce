using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Errors;
using RateLimiter.Application.Checks;

namespace RateLimiter.Api.Checks;

/// <param name="Results">One for each check, in their order.</param>
public sealed record CheckBatchResponse(IReadOnlyList<CheckBatchResult> Results)
{
    internal static CheckBatchResult Item(HttpContext context, CheckOutcome outcome) =>
        outcome switch
        {
            { Decision: { } decision } => DecisionResponse.From(decision),
            { IsPolicyMissing: true } => new CheckBatchError(
                ProblemResponse.NoPolicyProblem(context)
            ),
            _ => new CheckBatchError(ProblemResponse.StoreProblem(context)),
        };
}

/// <summary>A decision, or the error in its place.</summary>
[JsonDerivedType(typeof(DecisionResponse))]
[JsonDerivedType(typeof(CheckBatchError))]
public abstract record CheckBatchResult;

/// <param name="Error">Why there is no decision.</param>
public sealed record CheckBatchError(ProblemDetails Error) : CheckBatchResult;
