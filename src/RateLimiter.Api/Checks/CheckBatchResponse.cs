using Microsoft.AspNetCore.Mvc;

namespace RateLimiter.Api.Checks;

// Only describes the response: CheckBatchJson writes it.
/// <summary>The results of a batch of checks.</summary>
/// <param name="Results">One result per check, in the order of the checks.</param>
public sealed record CheckBatchResponse(IReadOnlyList<CheckBatchResult> Results);

/// <summary>A <see cref="DecisionResponse"/>, or an error in its place.</summary>
/// <param name="Error">Why there is no decision.</param>
public sealed record CheckBatchResult(ProblemDetails? Error);
