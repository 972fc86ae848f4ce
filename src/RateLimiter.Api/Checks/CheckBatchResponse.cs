using Microsoft.AspNetCore.Mvc;

namespace RateLimiter.Api.Checks;

/// <summary>The results of a batch of checks. <see cref="CheckBatchJson"/> writes them.</summary>
/// <param name="Results">One result per check, in the order of the checks.</param>
public sealed record CheckBatchResponse(IReadOnlyList<CheckBatchResult> Results);

/// <summary>A <see cref="DecisionResponse"/>, or an error in its place.</summary>
/// <param name="Error">Why there is no decision.</param>
public sealed record CheckBatchResult(ProblemDetails? Error);
