namespace RateLimiter.Domain.Policies;

/// <summary>
/// The policies of one client, and the rule that selects one of them. Immutable: a change returns a new table.
/// </summary>
public sealed class PolicyTable
{
    private readonly Dictionary<PolicyKey, Policy> policies;

    public PolicyTable(IEnumerable<Policy> policies)
        : this(policies.ToDictionary(policy => policy.Key)) { }

    private PolicyTable(Dictionary<PolicyKey, Policy> policies) => this.policies = policies;

    /// <summary>In no particular order.</summary>
    public IReadOnlyCollection<Policy> Policies => policies.Values;

    /// <summary>
    /// The policy for the route and role, else for the route and the default role, else for the catch-all route and the role,
    /// else for the catch-all route and the default role, else null.
    /// </summary>
    public Policy? Resolve(string routeKey, string role) =>
        policies.TryGetValue(new PolicyKey(routeKey, role), out var policy)
        || policies.TryGetValue(new PolicyKey(routeKey, PolicyKey.DefaultRole), out policy)
        || policies.TryGetValue(new PolicyKey(PolicyKey.CatchAllRoute, role), out policy)
        || policies.TryGetValue(PolicyKey.CatchAll, out policy)
            ? policy
            : null;

    /// <summary>This table with the given policies, whatever their versions; null removes a policy.</summary>
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

    /// <summary>This table after some changes. A change is skipped when the table has its version or a newer one.</summary>
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
