using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Checks;

/// <summary>The outcome of a check or of a batch.</summary>
/// <param name="Result">The result; null when <paramref name="RetryAfter"/> is set.</param>
/// <param name="RetryAfter">How long the client has to wait when it exceeded its quota of checks; else null.</param>
/// <param name="Problem">Why the check cannot be decided; else null.</param>
public readonly record struct CheckOutcome<TResult>(
    TResult? Result,
    TimeSpan? RetryAfter = null,
    CheckProblem? Problem = null
)
    where TResult : class;

/// <summary>The outcome of one check of a batch: a decision, or why there is none.</summary>
public readonly record struct CheckEachOutcome(Decision? Decision, CheckProblem? Problem);
