using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Simulation;

/// <summary>
/// Replays log entries under a policy as if it were saved, with counters of its own, which are unused at the beginning.
/// </summary>
internal sealed class PolicyReplay
{
    private readonly ClientSnapshot client;
    private readonly PolicyKey proposed;
    private readonly TimeProvider time;
    private readonly Dictionary<(Subject Owner, string Epoch), Counter> counters = [];
    private readonly ReplayedHolds holds;

    /// <param name="client">The client, with its policies and its overrides, which apply as they do now.</param>
    /// <param name="proposed">The policy.</param>
    /// <param name="entries">The entries that will be replayed, in their order.</param>
    /// <param name="time">The clock by which overrides end.</param>
    public PolicyReplay(
        ClientSnapshot client,
        PolicyDefinition proposed,
        IEnumerable<LogEntry> entries,
        TimeProvider time
    )
    {
        holds = new ReplayedHolds(entries);
        var policy = Policy.Create(proposed, time.GetUtcNow());
        this.client = client with { Policies = client.Policies.With([(proposed.Key, policy)]) };
        this.proposed = proposed.Key;
        this.time = time;
    }

    /// <summary>Replays an entry; entries come in the order of their times.</summary>
    /// <returns>The verdict on a decision; null when it is none, or another policy makes it.</returns>
    public bool? Apply(in LogEntry entry)
    {
        if (CheckPlanner.FindPolicy(client.Policies, entry.RouteKey, entry.Role)?.Key != proposed)
        {
            return null;
        }

        while (holds.TryExpire(entry.DecidedAt, out var expired))
        {
            Move(expired, expired.ExpiresAt, expired.Keeps);
        }

        switch (entry.Kind)
        {
            case LogEntryKind.Decision:
                return Decide(entry);
            case LogEntryKind.Refund:
                Refund(entry);
                return null;
            case LogEntryKind.Reset:
                Reset(entry);
                return null;
            default:
                Settle(entry);
                return null;
        }
    }

    private bool Decide(in LogEntry entry)
    {
        var terms = entry.Terms is { } asked
            ? asked with
            {
                TimeToLive = holds.TimeToLiveOf(entry, asked.TimeToLive),
            }
            : null;
        var (plan, problem) = CheckPlanner.Plan(
            client,
            entry.ToCheck(),
            time,
            call: terms is null ? PlannedCall.Check : PlannedCall.Reserve
        );
        if (problem is not null)
        {
            // The policy needs a subject that the check did not name, or a reservation instead: nothing would have been allowed.
            return false;
        }

        if (!plan.IsCounted)
        {
            return Decision.NotAsked(plan, entry.DecidedAt).Allowed;
        }

        var owned = CountersOf(plan);
        var taken = Counter.TryAcquire(
            owned,
            plan.Limits,
            Microseconds(entry.DecidedAt),
            plan.Cost,
            plan.MinCost,
            terms
        );
        if (taken is not null)
        {
            Keep(plan, owned);
            Hold(entry, plan, taken.Value, owned);
        }

        return taken is not null || plan.Policy.Definition.Mode == PolicyMode.Shadow;
    }

    // A reservation that was denied, or held nothing, has no id, so that its end is unknown. Its permits stay taken, as those of a check,
    // and its slots are held until they expire.
    private void Hold(in LogEntry entry, in CheckPlan plan, long taken, Counter[] owned)
    {
        if (entry is not { Terms: { } terms, ReservationId: not null })
        {
            return;
        }

        var onExpiry = terms.OnExpiry ?? plan.Policy.Definition.OnExpiry;
        holds.Add(
            entry,
            new ReplayedHold(
                ReservationKey.Of(entry),
                plan,
                taken,
                [.. plan.Limits.Select((limit, i) => owned[i].Origin(limit))],
                terms,
                keeps: onExpiry == ExpiryAction.Charge
            )
        );
    }

    private void Settle(in LogEntry entry)
    {
        if (holds.Find(entry) is not { } hold)
        {
            // It was made before the first entry, or would have been denied.
            return;
        }

        if (entry.Kind == LogEntryKind.Commit)
        {
            hold.Committed = entry.Cost;
        }

        // What expiry has kept is charged at least, and what is still held is taken at least.
        Move(hold, entry.DecidedAt, isKept: entry.IsHeld || entry.IsLate && hold.Keeps);
        MoveSlots(hold, entry);
        if (entry.IsHeld)
        {
            holds.Prolong(entry, hold);
        }
        else
        {
            holds.Remove(entry);
        }
    }

    /// <summary>Takes or gives back permits, so that a reservation has taken what it is charged.</summary>
    /// <param name="hold">The reservation.</param>
    /// <param name="at">The time.</param>
    /// <param name="isKept">Whether nothing is given back.</param>
    private void Move(ReplayedHold hold, DateTimeOffset at, bool isKept)
    {
        var now = Microseconds(at);
        for (var i = 0; i < hold.Plan.Count; i++)
        {
            var (key, limit) = (KeyOf(hold.Plan[i]), hold.Plan.Limits[i]);
            if (limit is ConcurrencyLimit)
            {
                continue;
            }

            ref var taken = ref hold.Taken[i];
            var counter = counters.GetValueOrDefault(key) ?? Counter.Create(limit.Algorithm);
            if (hold.Committed > taken)
            {
                counters[key] = counter.Charge(limit, now, hold.Committed - taken);
                taken = hold.Committed;
            }
            else if (hold.Committed < taken && !isKept)
            {
                counters[key] = counter.Return(limit, now, taken - hold.Committed, hold.Origins[i]);
                taken = hold.Committed;
            }
        }
    }

    /// <summary>Gives back the slots of a reservation that is settled, or holds them for longer if it stays open.</summary>
    private void MoveSlots(ReplayedHold hold, in LogEntry entry)
    {
        var now = Microseconds(entry.DecidedAt);
        for (var i = 0; i < hold.Plan.Count; i++)
        {
            var (key, limit) = (KeyOf(hold.Plan[i]), hold.Plan.Limits[i]);
            if (limit is not ConcurrencyLimit || !counters.TryGetValue(key, out var counter))
            {
                continue;
            }

            var terms = hold.Terms;
            counter = counter.Return(limit, now, terms.Slots, hold.Origins[i]);
            if (entry.IsHeld)
            {
                var longer = holds.TimeToLiveOf(entry, terms.TimeToLive);
                counter = counter.Hold(limit, now, terms with { TimeToLive = longer });
                hold.Origins[i] = counter.Origin(limit);
            }

            counters[key] = counter;
        }
    }

    private void Refund(in LogEntry entry)
    {
        var (plan, problem) = CheckPlanner.PlanRefund(
            client,
            entry.ToCheck(),
            time,
            waited: default
        );
        if (problem is null && plan.HasCounters)
        {
            var owned = CountersOf(plan);
            Counter.Refund(owned, plan.Limits, Microseconds(entry.DecidedAt), plan.Cost);
            Keep(plan, owned);
        }
    }

    private void Reset(in LogEntry entry)
    {
        var user = entry.UserId == LogEntry.NoUser ? null : entry.UserId;
        var (plan, problem) = CheckPlanner.PlanReset(
            client,
            new UsageKey(user, entry.RouteKey, entry.Role, entry.Subjects),
            entry.ResetLimit,
            waited: default
        );
        for (var i = 0; problem is null && i < plan.Count; i++)
        {
            var key = KeyOf(plan[i]);
            counters.Remove(key);
            holds.Forget(hold => KeysOf(hold.Plan).IndexOf(key));
        }
    }

    private Counter[] CountersOf(in CheckPlan plan)
    {
        var owned = new Counter[plan.Count];
        for (var i = 0; i < owned.Length; i++)
        {
            owned[i] =
                counters.GetValueOrDefault(KeyOf(plan[i]))
                ?? Counter.Create(plan.Limits[i].Algorithm);
        }

        return owned;
    }

    private void Keep(in CheckPlan plan, Counter[] owned)
    {
        for (var i = 0; i < owned.Length; i++)
        {
            counters[KeyOf(plan[i])] = owned[i];
        }
    }

    private static List<(Subject Owner, string Epoch)> KeysOf(CheckPlan plan) =>
        [.. Enumerable.Range(0, plan.Count).Select(i => KeyOf(plan[i]))];

    private static (Subject Owner, string Epoch) KeyOf(in Demand demand) =>
        (demand.Owner, demand.Limit.Epoch);

    private static long Microseconds(DateTimeOffset at) =>
        (at - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
}
