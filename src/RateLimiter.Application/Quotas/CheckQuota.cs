using Microsoft.Extensions.Options;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Quotas;

/// <summary>
/// Limits how much of an instance one client may use: the limiter limits its own tenants. Counted by each instance
/// alone, so that it costs a check nothing that others wait for.
/// </summary>
public sealed class CheckQuota(IOptions<QuotaOptions> options, TimeProvider time)
{
    // Any batch can pass when nothing was asked before.
    private const long MinBurst = 1000;

    private readonly LocalCounters counters = new();
    private readonly Policy? policy = options.Value.ChecksPerSecond is > 0 and var limit
        ? Policy.OfService(
            new Limit(
                Limit.DefaultName,
                Algorithm.TokenBucket,
                limit,
                TimeSpan.FromSeconds(1),
                Math.Max(limit, MinBurst)
            )
        )
        : null;

    /// <summary>Counts checks of a client.</summary>
    /// <returns>How long it has to wait, when they were too many; else null.</returns>
    public TimeSpan? Take(ClientId client, int checks)
    {
        if (policy is null)
        {
            return null;
        }

        var decision = counters.Take(
            new PermitRequest(new Subject(client, "", RouteKey: null), policy, checks),
            time.GetUtcNow()
        );
        return decision.Allowed ? null : decision.RetryAfter ?? decision.ResetIn;
    }
}
