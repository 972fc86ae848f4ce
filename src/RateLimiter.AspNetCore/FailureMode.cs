namespace RateLimiting.AspNetCore;

/// <summary>What happens to a request without a decision: the service is unavailable, too slow, or rejects the check.</summary>
public enum FailureMode
{
    /// <summary>
    /// Fail open: the request passes. An app without limits is usually better than an app that does not work.
    /// </summary>
    Allow,

    /// <summary>
    /// Fail closed: the request is rejected with 503. For actions that must never be unlimited, such as sign-in.
    /// </summary>
    Deny,
}
