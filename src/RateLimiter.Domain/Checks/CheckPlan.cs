using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

/// <summary>
/// The owner of a counter. No two subjects share a counter, whatever characters their names contain.
/// </summary>
/// <param name="Client">The client that makes the check.</param>
/// <param name="UserId">The user that is checked.</param>
/// <param name="RouteKey">
/// The route, when one policy counts many routes separately; null when the policy is for a single route.
/// </param>
public readonly record struct Subject(ClientId Client, string UserId, string? RouteKey);

/// <summary>What one limit of a plan asks of one counter.</summary>
/// <param name="Owner">Whose counter it is.</param>
/// <param name="Limit">The limit on it.</param>
/// <param name="Cost">The permits; 0 takes none and only reads the state.</param>
public readonly record struct Demand(Subject Owner, Limit Limit, long Cost);

/// <summary>
/// What a check, refund or look asks of the counters: a list of demands, of which all are met or none. Most plans have one
/// owner for all of their counters, and need no list of owners.
/// </summary>
/// <param name="Subject">
/// The owner of all counters. When they have several, the subject whose client makes the check.
/// </param>
/// <param name="Policy">The policy whose limits apply.</param>
/// <param name="Cost">The number of permits; 0 takes none and only reads the state.</param>
public readonly record struct CheckPlan(Subject Subject, Policy Policy, long Cost)
{
    /// <summary>
    /// The owner of each limit's counter, in the order of the policy's limits, all of this client; null when
    /// <see cref="Subject"/> owns all.
    /// </summary>
    public IReadOnlyList<Subject>? Owners { get; init; }

    /// <summary>The time already spent waiting for the store. It counts towards the timeout of this plan.</summary>
    public TimeSpan Waited { get; init; }

    /// <summary>The client that makes the check.</summary>
    public ClientId Client => Subject.Client;

    /// <summary>Whether the counters are asked. An inactive policy allows everything without the store.</summary>
    public bool IsCounted => Policy.Definition.IsActive;

    /// <summary>The number of demands.</summary>
    public int Count => Policy.Limits.Count;

    /// <summary>A demand, in the order of the policy's limits.</summary>
    public Demand this[int index] =>
        new(Owners is null ? Subject : Owners[index], Policy.Limits[index], Cost);

    /// <summary>The plan of a user's check of a route under the policy that applies.</summary>
    public static CheckPlan For(
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
