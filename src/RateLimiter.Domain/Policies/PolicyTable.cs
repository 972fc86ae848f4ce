namespace RateLimiter.Domain.Policies;

/// <summary>The policies of one client, and the rule which of them applies.</summary>
public sealed class PolicyTable
{
    private readonly Dictionary<PolicyKey, Policy> policies;

    public PolicyTable(IEnumerable<Policy> policies) =>
        this.policies = policies.ToDictionary(policy => policy.Key);

    /// <summary>
    /// The policy for the route and role, else for the route's default role, else the catch-all's for the role, else
    /// the catch-all's for the default role, else null.
    /// </summary>
    public Policy? Resolve(string routeKey, string role) =>
        policies.TryGetValue(new PolicyKey(routeKey, role), out var policy)
        || policies.TryGetValue(new PolicyKey(routeKey, PolicyKey.DefaultRole), out policy)
        || policies.TryGetValue(new PolicyKey(PolicyKey.CatchAllRoute, role), out policy)
        || policies.TryGetValue(PolicyKey.CatchAll, out policy)
            ? policy
            : null;
}
