using RateLimiter.Application.Configuration;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Keys;

/// <summary>How often one caller may send an invalid key.</summary>
public sealed class AuthenticationOptions
{
    public const string Section = "Authentication";

    /// <summary>Failures per window, caller network and instance; default 100.</summary>
    [Bounds(1, Limit.MaxPermits)]
    public long FailureLimit { get; set; } = 100;

    /// <summary>The window in seconds; default 60.</summary>
    [Bounds(1, Limit.MaxWindowSeconds)]
    public int FailureWindowSeconds { get; set; } = 60;
}
