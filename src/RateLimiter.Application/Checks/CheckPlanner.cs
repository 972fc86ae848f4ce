using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Checks;

/// <summary>
/// Turns a client's check into a request to the counters. This is the only place that resolves the policy of a check, so that
/// a check, a batch, its refund, usage and reset always address the same counters.
/// </summary>
public static class CheckPlanner
{
    /// <param name="client">The client that makes the check, with its policies.</param>
    /// <param name="check">The check.</param>
    /// <param name="waited">The time already spent waiting for the store during authentication.</param>
    /// <returns>Null when no policy applies.</returns>
    public static CheckPlan? Plan(
        ClientSnapshot client,
        in Check check,
        TimeSpan waited = default
    ) =>
        FindPolicy(client.Policies, check.RouteKey, check.Role) is { } policy
            ? CheckPlan.For(client.Id, policy, check.UserId, check.RouteKey, check.Cost, waited)
            : null;

    /// <inheritdoc cref="PolicyTable.Resolve"/>
    public static Policy? FindPolicy(PolicyTable policies, string routeKey, string role) =>
        policies.Resolve(routeKey, role);
}
