using RateLimiter.Application.Configuration;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Quotas;

/// <summary>The most that one client may have and do.</summary>
public sealed class QuotaOptions
{
    public const string Section = "Quotas";

    /// <summary>Policies; 1 to 1,000,000, default 10,000. All of them are in the memory of every instance it uses.</summary>
    [Bounds(1, 1_000_000)]
    public int MaxPolicies { get; set; } = 10_000;

    /// <summary>
    /// What all policies take up in the store, in bytes; 1,024 to 1,073,741,824, default 4 MiB. All of them are read
    /// together.
    /// </summary>
    [Bounds(1024, 1 << 30)]
    public long MaxPolicyBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>
    /// What the old versions of a client's policies take up in Redis or the embedded store, in bytes, and what its audit
    /// trail does; 1,024 to 1,073,741,824, default 8 MiB. The oldest go.
    /// </summary>
    [Bounds(1024, 1 << 30)]
    public long MaxHistoryBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Keys; 1 to 10,000, default 100.</summary>
    [Bounds(1, 10_000)]
    public int MaxKeys { get; set; } = 100;

    /// <summary>
    /// The longest window of a limit in seconds, and so the longest that a subject takes up memory; 1 to 31,536,000, the
    /// default.
    /// </summary>
    [Bounds(1, Limit.MaxWindowSeconds)]
    public int MaxWindowSeconds { get; set; } = Limit.MaxWindowSeconds;

    /// <summary>Checks per second on each instance, batched or not; 1 to 1,000,000,000, default 0: any number.</summary>
    [Bounds(0, Limit.MaxPermits)]
    public long ChecksPerSecond { get; set; }

    /// <summary>
    /// Calls per second for anything but a check, of one client and from one network, on each instance; 1 to 1,000,000,000,
    /// default 50, 0: any number.
    /// </summary>
    [Bounds(0, Limit.MaxPermits)]
    public long AdministrativeCallsPerSecond { get; set; } = 50;

    /// <summary>How many of these calls may come at once; 1 to 1,000,000,000, default 1,000.</summary>
    [Bounds(1, Limit.MaxPermits)]
    public long AdministrativeBurst { get; set; } = 1000;
}
