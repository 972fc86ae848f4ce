using RateLimiter.Application.Configuration;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Stores;

/// <summary>How the store is used, whichever it is.</summary>
public sealed class StoreOptions
{
    /// <summary>Of the configuration, and the key of the clock by which waits for the store are bounded.</summary>
    public const string Section = "Store";
    public const int MaxTimeoutMs = 10_000;

    /// <summary>
    /// The longest a check waits for the store, in milliseconds; 1 to 10,000, default 100. Time in which this process is not
    /// run does not count.
    /// </summary>
    [Bounds(1, MaxTimeoutMs)]
    public int TimeoutMs { get; set; } = 100;

    /// <summary>
    /// What policies that do not say answer while the store does not; default local, so that a store that is away neither
    /// opens nor shuts everything.
    /// </summary>
    public StoreFailureMode OnFailure { get; set; } = StoreFailureMode.Local;

    public TimeSpan Timeout => TimeSpan.FromMilliseconds(TimeoutMs);
}
