namespace RateLimiter.Application.Checks;

/// <summary>What has become of checks.</summary>
/// <param name="Answer">The answer; nothing when there was none because of the wait.</param>
/// <param name="RetryAfter">How long the client has to wait, when it has checked too much; else null.</param>
public readonly record struct CheckOutcome<TAnswer>(TAnswer? Answer, TimeSpan? RetryAfter = null)
    where TAnswer : class;
