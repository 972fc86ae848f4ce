namespace RateLimiting.AspNetCore;

/// <summary>What a request is answered when there is no decision: the service is away, too slow, or refuses to decide.</summary>
public enum FailureMode
{
    /// <summary>It passes. An app that works without its limits is mostly better than one that does not work.</summary>
    Allow,

    /// <summary>It is rejected, with 503. For what must not be tried without a limit, such as signing in.</summary>
    Deny,
}
