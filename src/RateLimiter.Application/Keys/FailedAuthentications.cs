using System.Net;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Clients;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Keys;

/// <summary>
/// Limits how often each caller's network may come with a key that is none. Counted by this instance alone, so that a
/// flood of guesses costs the store nothing.
/// </summary>
public sealed class FailedAuthentications(
    IOptions<AuthenticationOptions> options,
    TimeProvider time
)
{
    private static readonly ClientId Guesses = new("authentication");

    private readonly LocalCounters counters = new();
    private readonly Policy policy = Policy.OfService(
        new Limit(
            Limit.DefaultName,
            Algorithm.FixedWindow,
            options.Value.FailureLimit,
            TimeSpan.FromSeconds(options.Value.FailureWindowSeconds)
        )
    );

    /// <summary>Counts a failure, or an attempt that may become one.</summary>
    /// <returns>How long the caller has to wait, when there were too many before it; else null.</returns>
    public TimeSpan? Add(IPAddress caller)
    {
        var decision = counters.Take(Request(caller), time.GetUtcNow());
        return decision.Allowed ? null : decision.RetryAfter ?? decision.ResetIn;
    }

    /// <summary>The attempt was none.</summary>
    public void Remove(IPAddress caller) => counters.Give(Request(caller), time.GetUtcNow());

    private PermitRequest Request(IPAddress caller) =>
        new(new Subject(Guesses, CallerNetwork.Of(caller), RouteKey: null), policy, Cost: 1);
}
