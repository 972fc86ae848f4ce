using Microsoft.Extensions.Options;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Checks;

/// <summary>
/// Limits the calls with an idempotency key of one client per instance, because the store keeps each key for 10 minutes.
/// </summary>
public sealed class IdempotencyQuota(IOptions<QuotaOptions> options, TimeProvider time)
{
    /// <summary>How long the store keeps a key.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(10);

    private readonly InstanceLimit? keysOf = options.Value.IdempotencyKeys is > 0 and var keys
        ? new InstanceLimit(
            RateLimit.Create(Limit.DefaultName, Algorithm.SlidingWindow, keys, KeptFor),
            time
        )
        : null;

    /// <summary>Counts a client's call, if it has a key.</summary>
    /// <returns>The refusal when there were too many; else null.</returns>
    internal CheckProblem? Acquire(ClientId client, IdempotencyKey? key) =>
        key is not null && keysOf?.Acquire(client.Value) is { } wait
            ? new CheckProblem.TooManyKeys(wait)
            : null;
}
