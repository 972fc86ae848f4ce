using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

// Decisions for which the counters are not asked, or are not the reason.
public sealed partial record Decision
{
    /// <summary>
    /// The decision that is made without counting, because the store does not answer. A check that can never pass is still
    /// denied, and a policy in shadow mode denies nothing.
    /// </summary>
    /// <param name="plan">The plan of the check.</param>
    /// <param name="allowed">Whether the policy fails open, which allows what cannot be counted.</param>
    /// <param name="now">The time.</param>
    /// <param name="retryAfter">How long to wait before the next try, when it does not.</param>
    public static Decision Uncounted(
        in CheckPlan plan,
        bool allowed,
        DateTimeOffset now,
        TimeSpan retryAfter
    )
    {
        allowed |= plan.Policy.Definition.Mode == PolicyMode.Shadow;
        var wait = allowed ? 0 : retryAfter.Ticks / TimeSpan.TicksPerMicrosecond;
        var (cost, terms) = (plan.MinCost, plan.Reservation?.Terms);
        var decision = From(
            plan,
            [
                .. plan.Limits.Select(limit =>
                    limit.Permits == 0 || Demand.CostOf(limit, cost, terms) > limit.Capacity
                        ? new LimitStatus(LimitStatus.Never, limit.Capacity, 0, 0)
                        : new LimitStatus(wait, allowed ? limit.Capacity : 0, wait, 0)
                ),
            ],
            now
        ) with
        {
            Degraded = true,
            IsCounted = false,
        };
        return decision.IsFailClosed
            // No limit caused the denial.
            ? decision with
            {
                Reason = StoreDoesNotAnswer,
                Violated = [],
            }
            : decision with
            {
                ResetIn = TimeSpan.Zero,
            };
    }

    /// <summary>
    /// The decision that is made without asking: an override decides, the policy is inactive, or none of its limits applies.
    /// </summary>
    public static Decision NotAsked(in CheckPlan plan, DateTimeOffset now)
    {
        var least = plan.Policy.Limits.MinBy(limit => limit.Capacity)!;
        var decision = new Decision(
            plan.Policy,
            plan.Limits,
            [.. plan.Limits.Select(limit => new LimitStatus(0, limit.Capacity, 0, 0))],
            now
        )
        {
            Allowed = true,
            Granted = plan.Cost,
            Reason = plan.Policy.Definition.IsActive ? NoLimitApplies : PolicyInactive,
            Limit = least.Permits,
            Capacity = least.Capacity,
            Remaining = least.Capacity,
            ResetsAt = (least as CalendarLimit)?.ResetsAt(now, reset: 0),
        };
        var decided = decision.ByOverride(plan.Cost, now);
        return decided.Allowed ? decided : decided with { Remaining = 0 };
    }

    /// <summary>
    /// This decision, with the verdict of the override that decides under its policy, if one does.
    /// </summary>
    /// <param name="cost">The permits that are asked for.</param>
    /// <param name="now">The time, by which the override ends.</param>
    public Decision ByOverride(long cost, DateTimeOffset now)
    {
        if (!IsOverridden)
        {
            return this;
        }

        var it = Policy.OverriddenBy!;
        var isBlocked = it.Effect == OverrideEffect.Blocked;
        return this with
        {
            Allowed = !isBlocked,
            Granted = isBlocked ? 0 : cost,
            ShadowDenied = false,
            Reason = isBlocked ? Blocked : null,
            RetryAfter = isBlocked ? it.EndsIn(now) : null,
            Violated = [],
            StableFor = TimeSpan.Zero,
        };
    }
}
