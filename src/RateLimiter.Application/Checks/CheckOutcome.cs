namespace RateLimiter.Application.Checks;

/// <summary>The outcome of a check or of a batch.</summary>
/// <param name="Result">The result; null when <paramref name="RetryAfter"/> is set.</param>
/// <param name="RetryAfter">How long the client has to wait when it exceeded its quota of checks; else null.</param>
public readonly record struct CheckOutcome<TResult>(TResult? Result, TimeSpan? RetryAfter = null)
    where TResult : class;
