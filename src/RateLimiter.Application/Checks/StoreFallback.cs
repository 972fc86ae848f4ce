using Microsoft.Extensions.Options;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Checks;

/// <summary>Decides while the store does not, as the policy says for that case.</summary>
public sealed class StoreFallback(
    LocalCounters local,
    IOptions<StoreOptions> options,
    TimeProvider time
)
{
    /// <summary>When to ask again: nobody knows how long an outage takes, but most are over at once.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly StoreFailureMode mode = options.Value.OnFailure;

    /// <summary>A decision that is <see cref="Decision.Degraded"/>.</summary>
    public Decision Decide(in PermitRequest request)
    {
        var now = time.GetUtcNow();
        return (request.Policy.Definition.OnStoreFailure ?? mode) switch
        {
            StoreFailureMode.Local => local.Take(request, now),
            var mode => Decision.Uncounted(
                request.Policy,
                request.Cost,
                mode == StoreFailureMode.Allow,
                now,
                RetryAfter
            ),
        };
    }
}
