using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Checks;

/// <summary>
/// Turns who asks, and for what, into what is asked of the counters. Nothing else resolves the policy of a check, so that a
/// check, a batch, its refund, usage and reset always mean the same counters.
/// </summary>
public static class CheckPlanner
{
    /// <param name="client">The client that asks, with its policies.</param>
    /// <param name="check">What it asks.</param>
    /// <param name="waited">How long the store was waited for, to find out who asks.</param>
    /// <returns>Null when no policy applies.</returns>
    public static PermitRequest? Plan(
        ClientSnapshot client,
        in Check check,
        TimeSpan waited = default
    ) =>
        FindPolicy(client.Policies, check.RouteKey, check.Role) is { } policy
            ? PermitRequest.For(client.Id, policy, check.UserId, check.RouteKey, check.Cost, waited)
            : null;

    /// <inheritdoc cref="PolicyTable.Resolve"/>
    public static Policy? FindPolicy(PolicyTable policies, string routeKey, string role) =>
        policies.Resolve(routeKey, role);
}
