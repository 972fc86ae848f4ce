using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Checks;

/// <summary>Decides while the store does not answer, by the policy's mode: fail open, fail closed or fail local.</summary>
public sealed class StoreFallback(
    LocalCounters local,
    IOptions<StoreOptions> options,
    TimeProvider time
) : IHostedService
{
    // A subject of a client that cannot exist: ids are longer.
    private static readonly Subject Sample = new(new ClientId("nobody"), "nobody", RouteKey: null);

    /// <summary>How long to wait before the next try. The length of an outage is unknown, but most end at once.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly StoreFailureMode mode = options.Value.OnFailure;

    /// <summary>
    /// Makes each kind of decision once at start: compilation at the beginning of an outage would delay the checks that need
    /// these decisions.
    /// </summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var mode in Enum.GetValues<StoreFailureMode>())
        {
            var policy = Policy.OfEveryAlgorithm(permits: 1);
            policy = policy with { Definition = policy.Definition with { OnStoreFailure = mode } };
            var plan = new CheckPlan(Sample, policy, Cost: 1);
            // Once allowed and once denied.
            Decide(plan);
            Decide(plan);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Follows a refund in the store: permits that were counted here during an outage must not be denied in the next one.
    /// </summary>
    public void Refund(in CheckPlan plan) => local.Refund(plan, time.GetUtcNow());

    /// <summary>Follows a reset in the store: the local counters of the subject are reset too.</summary>
    public void Reset(in CheckPlan plan) => local.Reset(plan);

    /// <summary>A decision that is <see cref="Decision.Degraded"/>.</summary>
    public Decision Decide(in CheckPlan plan)
    {
        var now = time.GetUtcNow();
        return (plan.Policy.Definition.OnStoreFailure ?? mode) switch
        {
            StoreFailureMode.Local => local.Acquire(plan, now),
            var mode => Decision.Uncounted(plan, mode == StoreFailureMode.Allow, now, RetryAfter),
        };
    }
}
