using RateLimiter.Application.Configuration;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Quotas;

/// <summary>Quotas of one client.</summary>
public sealed class QuotaOptions
{
    public const string Section = "Quotas";

    /// <summary>
    /// The maximum number of policies; default 10,000. Every instance that the client uses keeps all in memory.
    /// </summary>
    [Bounds(1, 1_000_000)]
    public int MaxPolicies { get; set; } = 10_000;

    /// <summary>
    /// The maximum size of all policies in the store, in bytes; default 4 MiB. They are always read
    /// together.
    /// </summary>
    [Bounds(1024, 1 << 30)]
    public long MaxPolicyBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>
    /// The maximum size of the old versions of a client's policies in Redis or the embedded store, in bytes, and separately of
    /// its audit trail; default 8 MiB. The oldest entries are deleted first.
    /// </summary>
    [Bounds(1024, 1 << 30)]
    public long MaxHistoryBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>The maximum number of keys; default 100.</summary>
    [Bounds(1, 10_000)]
    public int MaxKeys { get; set; } = 100;

    /// <summary>
    /// The longest window of a limit in seconds, and so the longest time that a subject takes up memory; the
    /// default is the maximum.
    /// </summary>
    [Bounds(1, Limit.MaxWindowSeconds)]
    public int MaxWindowSeconds { get; set; } = Limit.MaxWindowSeconds;

    /// <summary>Checks per second on each instance, batched or not; default 0: unlimited.</summary>
    [Bounds(0, Limit.MaxPermits)]
    public long ChecksPerSecond { get; set; }

    /// <summary>
    /// Administrative calls (all calls except checks) per second, of one client and from one network, on each instance;
    /// default 50; 0: unlimited.
    /// </summary>
    [Bounds(0, Limit.MaxPermits)]
    public long AdministrativeCallsPerSecond { get; set; } = 50;

    /// <summary>The burst of these calls; default 1,000.</summary>
    [Bounds(1, Limit.MaxPermits)]
    public long AdministrativeBurst { get; set; } = 1000;
}
