using RateLimiter.Application.Configuration;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Stores;

/// <summary>How the store is used; applies to every kind of store.</summary>
public sealed class StoreOptions
{
    /// <summary>The section of the configuration, and the service key of the clock that bounds waits for the store.</summary>
    public const string Section = "Store";
    public const int MaxTimeoutMs = 10_000;

    /// <summary>
    /// The longest that a check waits for the store, in milliseconds, in time in which the service runs; anything else waits
    /// 800, or as long where that is more.
    /// </summary>
    [Bounds(1, MaxTimeoutMs)]
    public int TimeoutMs { get; set; } = 100;

    /// <summary>
    /// How policies without <c>on_store_failure</c> decide while the store does not answer:
    /// <see cref="StoreFailureMode.Deny"/> (fail closed), <see cref="StoreFailureMode.Allow"/> (fail open) or
    /// <see cref="StoreFailureMode.Local"/> (fail local). With the default an outage neither allows nor denies everything.
    /// </summary>
    public StoreFailureMode OnFailure { get; set; } = StoreFailureMode.Local;

    public TimeSpan Timeout => TimeSpan.FromMilliseconds(TimeoutMs);
}
