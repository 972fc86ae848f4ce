using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Checks;

/// <summary>Decides while the store does not, as the policy says for that case.</summary>
public sealed class StoreFallback(
    LocalCounters local,
    IOptions<StoreOptions> options,
    TimeProvider time
) : IHostedService
{
    // Of a client that no id can name: ids are longer.
    private static readonly Subject Nobody = new(new ClientId("nobody"), "nobody", RouteKey: null);

    /// <summary>When to ask again: nobody knows how long an outage takes, but most are over at once.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly StoreFailureMode mode = options.Value.OnFailure;

    /// <summary>
    /// Decides once in every way before anybody waits for it: what is compiled when an outage begins makes checks wait that
    /// need it then.
    /// </summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var mode in Enum.GetValues<StoreFailureMode>())
        {
            var policy = Policy.OfEveryAlgorithm(permits: 1);
            policy = policy with { Definition = policy.Definition with { OnStoreFailure = mode } };
            var request = new PermitRequest(Nobody, policy, Cost: 1);
            // Once allowed and once denied.
            Decide(request);
            Decide(request);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// The store has given permits back: what was counted here while it was away must not deny them when it goes away again.
    /// </summary>
    public void Refund(in PermitRequest request) => local.Refund(request, time.GetUtcNow());

    /// <summary>The store has forgotten the counters of a subject: so must those here be.</summary>
    public void Reset(in PermitRequest request) => local.Reset(request);

    /// <summary>A decision that is <see cref="Decision.Degraded"/>.</summary>
    public Decision Decide(in PermitRequest request)
    {
        var now = time.GetUtcNow();
        return (request.Policy.Definition.OnStoreFailure ?? mode) switch
        {
            StoreFailureMode.Local => local.Acquire(request, now),
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
