using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Checks;

/// <summary>
/// Turns a client's check into a request to the counters. This is the only place that resolves the policy of a check, so that
/// a check, a batch, its refund, usage and reset always address the same counters.
/// </summary>
public static class CheckPlanner
{
    private static readonly Planned NoPolicy = new(default, new CheckProblem.NoPolicy());
    private static readonly Planned OnlyReservations = new(
        default,
        new CheckProblem.OnlyReservations()
    );
    private static readonly Planned NobodyNamed = new(default, new CheckProblem.NobodyNamed());

    /// <summary>
    /// Plans a check. A limit of which a subject is missing is skipped or rejects the check, as it says.
    /// </summary>
    /// <param name="client">The client that makes the check, with its policies and overrides.</param>
    /// <param name="check">The check.</param>
    /// <param name="time">The clock by which overrides end.</param>
    /// <param name="waited">The time already spent waiting for the store during authentication.</param>
    /// <param name="call">What the permits are asked for.</param>
    public static Planned Plan(
        ClientSnapshot client,
        in Check check,
        TimeProvider time,
        TimeSpan waited = default,
        PlannedCall call = PlannedCall.Check
    ) => Plan(client, check, FindOverride(client, check, time), waited, call);

    /// <summary>
    /// Plans the refund of a check. Of overrides only changed limits matter: there are permits to give back whatever a check would
    /// be answered now.
    /// </summary>
    /// <inheritdoc cref="Plan(ClientSnapshot, in Check, TimeProvider, TimeSpan, PlannedCall)"/>
    public static Planned PlanRefund(
        ClientSnapshot client,
        in Check check,
        TimeProvider time,
        TimeSpan waited,
        PlannedCall call = PlannedCall.Refund
    ) =>
        Plan(
            client,
            check,
            FindOverride(client, check, time) is { Effect: OverrideEffect.Limits } it ? it : null,
            waited,
            call
        );

    private static Planned Plan(
        ClientSnapshot client,
        in Check check,
        Override? overriding,
        TimeSpan waited,
        PlannedCall call
    )
    {
        if (FindPolicy(client.Policies, check.RouteKey, check.Role) is not { } policy)
        {
            return NoPolicy;
        }

        if (policy.Limits.HasConcurrency && call is (PlannedCall.Check or PlannedCall.Refund))
        {
            return OnlyReservations;
        }

        policy = overriding is null ? policy : policy.Under(overriding);
        var limits = policy.Limits;
        if (!limits.AreOfUsers)
        {
            var named = Named(limits, check.UserId, check.Subjects);
            if (named != limits.All && Rejection(limits, named, check) is { } problem)
            {
                return new Planned(default, problem);
            }

            limits = limits.Select(named);
        }

        return new Planned(
            CheckPlan.For(
                client.Id,
                policy,
                limits,
                check.UserId,
                check.Subjects,
                check.RouteKey,
                check.Cost
            ) with
            {
                MinCost = check.MinCost ?? check.Cost,
                Idempotency = IdempotencyKey.Of(call, check),
                Waited = waited,
            }
        );
    }

    /// <summary>Plans a look: what a check of cost 1 is told by the limits of which all subjects are named.</summary>
    /// <param name="client">The client, with its policies.</param>
    /// <param name="usage">What is looked at.</param>
    /// <param name="time">The clock by which overrides end.</param>
    /// <param name="waited">The time already spent waiting for the store during authentication.</param>
    public static Planned PlanLook(
        ClientSnapshot client,
        in UsageKey usage,
        TimeProvider time,
        TimeSpan waited
    )
    {
        var policy = FindPolicy(client.Policies, usage.RouteKey, usage.Role);
        if (policy is not null && client.Overrides.Find(usage.ToOverrideQuery(), time) is { } it)
        {
            policy = policy.Under(it);
        }

        var bits = policy is null ? 0 : Named(policy.Limits, usage.UserId, usage.Subjects);
        return bits == 0 && usage is { UserId: null, Subjects: null } ? NobodyNamed
            : policy is null ? NoPolicy
            : PlanUsage(client, policy, bits, usage, cost: 1, waited);
    }

    /// <summary>Plans a reset of the counters that are of exactly the subjects that are named.</summary>
    /// <param name="client">The client, with its policies.</param>
    /// <param name="usage">What is reset.</param>
    /// <param name="limit">The only limit that is reset; null for all.</param>
    /// <param name="waited">The time already spent waiting for the store during authentication.</param>
    public static Planned PlanReset(
        ClientSnapshot client,
        in UsageKey usage,
        string? limit,
        TimeSpan waited
    )
    {
        if (FindPolicy(client.Policies, usage.RouteKey, usage.Role) is not { } policy)
        {
            return NoPolicy;
        }

        var names = (usage.UserId is null ? 0 : 1) + (usage.Subjects?.Count ?? 0);
        var bits = Named(policy.Limits, usage.UserId, usage.Subjects);
        for (var i = 0; i < policy.Limits.Count; i++)
        {
            var it = policy.Limits[i];
            if (it.Per.Count != names || (limit is not null && it.Name != limit))
            {
                bits &= ~(1 << i);
            }
        }

        return bits == 0
            ? new Planned(default, new CheckProblem.NoSuchLimit(usage, limit))
            : PlanUsage(client, policy, bits, usage, cost: 0, waited);
    }

    /// <inheritdoc cref="PolicyTable.Resolve"/>
    public static Policy? FindPolicy(PolicyTable policies, string routeKey, string role) =>
        policies.Resolve(routeKey, role);

    private static Override? FindOverride(
        ClientSnapshot client,
        in Check check,
        TimeProvider time
    ) =>
        client.Overrides.Find(
            new OverrideQuery(check.UserId, check.Subjects, check.RouteKey, check.Role),
            time
        );

    private static Planned PlanUsage(
        ClientSnapshot client,
        Policy policy,
        int limits,
        in UsageKey usage,
        long cost,
        TimeSpan waited
    ) =>
        new(
            CheckPlan.For(
                client.Id,
                policy,
                policy.Limits.Select(limits),
                usage.UserId,
                usage.Subjects,
                usage.RouteKey,
                cost
            ) with
            {
                Waited = waited,
            }
        );

    /// <summary>The bits of the limits of which all subjects are named.</summary>
    private static int Named(LimitList limits, string? userId, SubjectValues? subjects)
    {
        var bits = 0;
        for (var i = 0; i < limits.Count; i++)
        {
            if (AreNamed(limits[i].Per, userId, subjects))
            {
                bits |= 1 << i;
            }
        }

        return bits;
    }

    private static CheckProblem.SubjectsMissing? Rejection(
        LimitList limits,
        int named,
        in Check check
    )
    {
        Dictionary<string, string>? missing = null;
        for (var i = 0; i < limits.Count; i++)
        {
            var limit = limits[i];
            if ((named & (1 << i)) != 0 || limit.WhenMissing == MissingSubjects.Skip)
            {
                continue;
            }

            foreach (var name in limit.Per)
            {
                if (!IsNamed(name, check.UserId, check.Subjects))
                {
                    (missing ??= []).TryAdd(name, limit.Name);
                }
            }
        }

        return missing is null ? null : new CheckProblem.SubjectsMissing(missing);
    }

    private static bool AreNamed(SubjectNames names, string? userId, SubjectValues? subjects)
    {
        foreach (var name in names)
        {
            if (!IsNamed(name, userId, subjects))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsNamed(string name, string? userId, SubjectValues? subjects) =>
        (name == SubjectNames.User ? userId : subjects?.Find(name)) is not null;
}
