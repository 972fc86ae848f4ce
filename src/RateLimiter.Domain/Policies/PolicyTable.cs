namespace RateLimiter.Domain.Policies;

/// <summary>The policies of one client, and the rule which of them applies. Never changes: a change gives another one.</summary>
public sealed class PolicyTable
{
    private readonly Dictionary<PolicyKey, Policy> policies;

    public PolicyTable(IEnumerable<Policy> policies)
        : this(policies.ToDictionary(policy => policy.Key)) { }

    private PolicyTable(Dictionary<PolicyKey, Policy> policies) => this.policies = policies;

    /// <summary>In no particular order.</summary>
    public IReadOnlyCollection<Policy> Policies => policies.Values;

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

    /// <summary>This one with some policies as they are given, whatever version they were; null for those that are gone.</summary>
    public PolicyTable With(IEnumerable<(PolicyKey Key, Policy? Policy)> changed)
    {
        var table = new Dictionary<PolicyKey, Policy>(policies);
        foreach (var (key, policy) in changed)
        {
            if (policy is null)
            {
                table.Remove(key);
            }
            else
            {
                table[key] = policy;
            }
        }

        return new PolicyTable(table);
    }

    /// <summary>This one after some changes. A policy that is as new as a change stays as it is.</summary>
    public PolicyTable With(IEnumerable<PolicyChange> changes)
    {
        var changed = new Dictionary<PolicyKey, Policy>(policies);
        foreach (var change in changes)
        {
            if (changed.TryGetValue(change.Key, out var known) && known.Version >= change.Version)
            {
                continue;
            }

            if (change.After is { } policy)
            {
                changed[change.Key] = policy;
            }
            else
            {
                changed.Remove(change.Key);
            }
        }

        return new PolicyTable(changed);
    }
}
