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
    /// The longest time a check waits for the store, in milliseconds; default 100. Time in which this process is
    /// suspended does not count.
    /// </summary>
    [Bounds(1, MaxTimeoutMs)]
    public int TimeoutMs { get; set; } = 100;

    /// <summary>
    /// What policies without a mode of their own decide while the store does not answer: deny (fail closed), allow (fail open)
    /// or local (fail local). Default local, so that an outage neither allows nor denies everything.
    /// </summary>
    public StoreFailureMode OnFailure { get; set; } = StoreFailureMode.Local;

    public TimeSpan Timeout => TimeSpan.FromMilliseconds(TimeoutMs);
}
