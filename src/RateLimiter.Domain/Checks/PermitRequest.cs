using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>The subject of a counter. No two subjects share a counter, whatever characters their names contain.</summary>
/// <param name="Client">The client that makes the check.</param>
/// <param name="UserId">The user that is checked.</param>
/// <param name="RouteKey">
/// The route, when one policy counts many routes separately; null when the policy is for a single route.
/// </param>
public readonly record struct Subject(ClientId Client, string UserId, string? RouteKey);

/// <summary>A request to take permits or to give them back.</summary>
/// <param name="Subject">Whose permits.</param>
/// <param name="Policy">The policy whose limits apply: the permits are taken from all of them or from none.</param>
/// <param name="Cost">The number of permits; 0 takes none and only reads the state.</param>
public readonly record struct PermitRequest(Subject Subject, Policy Policy, long Cost)
{
    /// <summary>The time already spent waiting for the store. It counts towards the timeout of this request.</summary>
    public TimeSpan Waited { get; init; }

    /// <summary>Whether the request is counted. An inactive policy allows everything without the store.</summary>
    public bool IsCounted => Policy.Definition.IsActive;

    /// <summary>The request of a user for a route under the policy that applies.</summary>
    public static PermitRequest For(
        ClientId client,
        Policy policy,
        string userId,
        string routeKey,
        long cost,
        TimeSpan waited = default
    ) =>
        new(new Subject(client, userId, policy.Key.IsCatchAll ? routeKey : null), policy, cost)
        {
            Waited = waited,
        };
}
