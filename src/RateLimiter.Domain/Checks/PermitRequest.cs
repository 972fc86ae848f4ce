using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>Whom a counter counts. No two subjects share a counter, whatever characters their names hold.</summary>
/// <param name="Client">The client that asks.</param>
/// <param name="UserId">The user it asks about.</param>
/// <param name="RouteKey">
/// The route, where one policy counts for many; null where the policy is for a single route anyhow.
/// </param>
public readonly record struct Subject(ClientId Client, string UserId, string? RouteKey);

/// <summary>Permits that are asked for, or given back.</summary>
/// <param name="Subject">Whose.</param>
/// <param name="Policy">From whose limits: from all of them, or from none.</param>
/// <param name="Cost">How many; 0 takes nothing and tells how things stand.</param>
public readonly record struct PermitRequest(Subject Subject, Policy Policy, long Cost)
{
    /// <summary>How long the store was waited for before, which is a part of the time that this may take.</summary>
    public TimeSpan Waited { get; init; }

    /// <summary>Whether anything is to be counted. A policy that is switched off allows without the store.</summary>
    public bool IsCounted => Policy.Definition.IsActive;

    /// <summary>The request of a user for a route under the policy that applies to it.</summary>
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
