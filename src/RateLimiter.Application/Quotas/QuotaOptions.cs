using RateLimiter.Application.Configuration;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Quotas;

/// <summary><see href="docs/production.md#quotas">Quotas</see> of one client.</summary>
public sealed class QuotaOptions
{
    public const string Section = "Quotas";

    /// <summary>The maximum number of policies. Every instance that the client uses keeps all in memory.</summary>
    [Bounds(1, 1_000_000)]
    public int MaxPolicies { get; set; } = 10_000;

    /// <summary>The maximum size of all policies in the store, in bytes. They are always read together.</summary>
    [Bounds(1024, 1 << 30)]
    public long MaxPolicyBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>
    /// The maximum number of <see href="docs/overrides.md">overrides</see>. Every instance that the client uses keeps all in memory.
    /// </summary>
    [Bounds(1, 100_000)]
    public int MaxOverrides { get; set; } = 10_000;

    /// <summary>
    /// The maximum size of the old versions of a client's policies in Redis or the embedded store, in bytes, and as much for
    /// its audit trail; the oldest entries are removed first. PostgreSQL keeps all.
    /// </summary>
    [Bounds(1024, 1 << 30)]
    public long MaxHistoryBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>The maximum number of keys.</summary>
    [Bounds(1, 10_000)]
    public int MaxKeys { get; set; } = 100;

    /// <summary>The longest window of a limit, in seconds, and so the longest time that a user takes up memory.</summary>
    [Bounds(1, Limit.MaxWindowSeconds)]
    public int MaxWindowSeconds { get; set; } = Limit.MaxWindowSeconds;

    /// <summary>Checks per second on each instance, batched or not; 0 for any number.</summary>
    [Bounds(0, Limit.MaxPermits)]
    public long ChecksPerSecond { get; set; }

    /// <summary>Calls with an idempotency key within 10 minutes on each instance; 0 for any number.</summary>
    [Bounds(0, Limit.MaxPermits)]
    public long IdempotencyKeys { get; set; } = 1_000_000;

    /// <summary>
    /// The <see href="docs/reservations.md">reservations</see> that are open at once, of all instances together, within 10 %.
    /// </summary>
    [Bounds(1, 10_000_000)]
    public long OpenReservations { get; set; } = 100_000;

    /// <summary>
    /// <see href="docs/production.md#administrative-calls">Administrative calls</see> (all calls except checks) per second,
    /// of one client and from one caller's address, on each instance; 0 for any number.
    /// </summary>
    [Bounds(0, Limit.MaxPermits)]
    public long AdministrativeCallsPerSecond { get; set; } = 50;

    /// <summary>How many of these calls may come at once.</summary>
    [Bounds(1, Limit.MaxPermits)]
    public long AdministrativeBurst { get; set; } = 1000;
}
