using Microsoft.Extensions.Options;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Quotas;

/// <summary>Limits the checks of one client per instance: the rate limiter limits its own tenants.</summary>
public sealed class CheckQuota(IOptions<QuotaOptions> options, TimeProvider time)
{
    // A batch of any size passes when there were no earlier checks.
    private const long MinBurst = 1000;

    private readonly InstanceLimit? checksOf = options.Value.ChecksPerSecond is > 0 and var checks
        ? new InstanceLimit(
            RateLimit.Create(
                Limit.DefaultName,
                Algorithm.TokenBucket,
                checks,
                TimeSpan.FromSeconds(1),
                Math.Max(checks, MinBurst)
            ),
            time
        )
        : null;

    /// <summary>Counts checks of a client.</summary>
    /// <returns>How long the client has to wait when there were too many; else null.</returns>
    public TimeSpan? Acquire(ClientId client, int checks) =>
        checksOf?.Acquire(client.Value, checks);
}
