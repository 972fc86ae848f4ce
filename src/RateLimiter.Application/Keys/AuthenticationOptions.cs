using RateLimiter.Application.Configuration;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Keys;

/// <summary>How often one caller may send an <see href="docs/production.md#keys">invalid key</see>.</summary>
public sealed class AuthenticationOptions
{
    public const string Section = "Authentication";

    /// <summary>
    /// Requests with an invalid key, per window, caller's address and instance: so many that are refused from memory, and
    /// counted separately so many that cost the store a look-up.
    /// </summary>
    [Bounds(1, Limit.MaxPermits)]
    public long FailureLimit { get; set; } = 100;

    /// <summary>The window of <see cref="FailureLimit"/>, in seconds.</summary>
    [Bounds(1, Limit.MaxWindowSeconds)]
    public int FailureWindowSeconds { get; set; } = 60;
}
