namespace RateLimiter.Application.Checks;

/// <summary>The outcome of a check or of a batch.</summary>
/// <param name="Answer">The result; null when <paramref name="RetryAfter"/> is set.</param>
/// <param name="RetryAfter">How long the client has to wait when it exceeded its quota of checks; else null.</param>
public readonly record struct CheckOutcome<TAnswer>(TAnswer? Answer, TimeSpan? RetryAfter = null)
    where TAnswer : class;
