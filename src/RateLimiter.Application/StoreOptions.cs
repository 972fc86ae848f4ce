using RateLimiter.Domain.Policies;

namespace RateLimiter.Application;

/// <summary>How the store is used, whichever it is.</summary>
public sealed class StoreOptions
{
    public const string Section = "Store";
    public const int MaxTimeoutMs = 10_000;

    /// <summary>The longest a check waits for the store, in milliseconds; 1 to 10,000, default 100.</summary>
    public int TimeoutMs { get; set; } = 100;

    /// <summary>What policies that do not say answer while the store does not; default deny.</summary>
    public StoreFailureMode OnFailure { get; set; } = StoreFailureMode.Deny;

    public TimeSpan Timeout => TimeSpan.FromMilliseconds(TimeoutMs);
}
