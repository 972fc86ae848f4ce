using System.Globalization;
using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Analytics;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Connection;

/// <summary>
/// The names of all keys in the store. The hash tag between braces determines the slot in a cluster: all keys of one
/// client's registry share a slot, and so do all counters of one user of a client.
/// </summary>
internal static class RedisKeys
{
    /// <summary>
    /// The invalidation channel, also named in the scripts. Messages: <c>client ID</c>, whose keys or policies have
    /// changed; before it, where keys were removed, <c>revoked ID HASH…</c>; <c>freed NAME</c>, a counter that was
    /// refunded or reset; <c>ping INSTANCE TIMESTAMP</c>. A receiver ignores messages that it does not know.
    /// </summary>
    public const string InvalidationChannel = "rl:news";

    /// <summary>
    /// Hash: id of a client that is being deleted → when its deletion last progressed (ms since 1970), a space, what
    /// has been deleted so far as JSON.
    /// </summary>
    public static readonly RedisKey Deletions = "rl:deletions";

    /// <summary>List of the keys that the dashboard's sessions are encrypted with, as XML, oldest first.</summary>
    public static readonly RedisKey SessionKeys = "rl:session_keys";

    /// <summary>String: exists while a session of the dashboard is open.</summary>
    public static RedisKey Session(string id) => $"rl:session:{id}";

    /// <summary>
    /// Hash: name, created_at (ms since 1970), version, keys_version, policies_version; overrides, the number of overrides;
    /// policy_bytes and version_bytes, the sizes of the policies and of their old versions; audit_bytes, the size of the audit trail, whose first and
    /// last id are audit_first and audit_last; import, the token of the last import that was made in steps; log_start,
    /// the id before the first entry of the log, and log_cut, the id before the first entry that it still has;
    /// changes_start and changes_cut, the same of the log of changes.
    /// </summary>
    public static RedisKey Client(ClientId client) => $"rl:{{{client}}}:client";

    /// <summary>Hash: SHA-256 of a key in hexadecimal → what is known about the key.</summary>
    public static RedisKey ApiKeys(ClientId client) => $"rl:{{{client}}}:keys";

    /// <summary>Hash: SHA-256 of a key in hexadecimal → the minute since 1970 in which it was last used.</summary>
    public static RedisKey ApiKeyUses(ClientId client) => $"rl:{{{client}}}:key_uses";

    /// <summary>
    /// Hash: <see cref="PolicyField"/> → version, a space, the policy as JSON; <see cref="OverrideField"/> → the same of an
    /// override. They are read, changed and imported together.
    /// </summary>
    public static RedisKey Policies(ClientId client) => $"rl:{{{client}}}:policies";

    /// <summary>Hash: <see cref="PolicyField"/> of a deleted policy → the version that its deletion created.</summary>
    public static RedisKey DeletedPolicies(ClientId client) => $"rl:{{{client}}}:deleted_policies";

    /// <summary>
    /// Hash: <see cref="PolicyVersionField"/> → what was in <see cref="Policies"/>, or for a deletion when and by whom,
    /// as JSON.
    /// </summary>
    public static RedisKey PolicyVersions(ClientId client) => $"rl:{{{client}}}:policy_versions";

    /// <summary>List of the fields of <see cref="PolicyVersions"/>, oldest first.</summary>
    public static RedisKey PolicyVersionOrder(ClientId client) =>
        $"rl:{{{client}}}:policy_version_order";

    /// <summary>
    /// List: for each policy that was changed recently, the version of all policies at that time, a space,
    /// <see cref="PolicyField"/>, newest last. Whatever is missing from it between two versions is unknown.
    /// </summary>
    public static RedisKey PolicyChanges(ClientId client) => $"rl:{{{client}}}:policy_changes";

    /// <summary>
    /// List: for each change of an import that is applied but not recorded yet, <see cref="PolicyField"/>, the version
    /// before it, what is stored about a deletion or nothing, and the entry of the audit trail, without the policy.
    /// </summary>
    public static RedisKey ImportJournal(ClientId client) => $"rl:{{{client}}}:import";

    /// <summary>Hash: like <see cref="Policies"/>, as it was before the import of the journal.</summary>
    public static RedisKey PoliciesBeforeImport(ClientId client) =>
        $"rl:{{{client}}}:policies_before_import";

    /// <summary>Hash: like <see cref="Policies"/>, as it will be after an import. Expires.</summary>
    public static RedisKey StagedPolicies(ClientId client, string token) =>
        $"rl:{{{client}}}:staged_policies:{token}";

    /// <summary>List: like <see cref="ImportJournal"/>, for that import. Expires.</summary>
    public static RedisKey StagedJournal(ClientId client, string token) =>
        $"rl:{{{client}}}:staged_journal:{token}";

    /// <summary>
    /// Hash: number, incremented for each entry → when (ms since 1970), a space, the action, a space, the entry as
    /// JSON; for a policy also <c>NUMBER before</c> and <c>NUMBER after</c> → what was in <see cref="Policies"/> before
    /// and after.
    /// </summary>
    public static RedisKey Audit(ClientId client) => $"rl:{{{client}}}:audit";

    /// <summary>
    /// Exists for an hour after the deletion of a client whose system of record is elsewhere: no projection of the
    /// client is created in that time, whatever is still in progress.
    /// </summary>
    public static RedisKey DeletedClient(ClientId client) => $"rl:{{{client}}}:deleted";

    /// <summary>List of decisions or changes as JSON, newest last.</summary>
    public static RedisKey Log(ClientId client, ClientLog log = ClientLog.Decisions) =>
        $"rl:{{{client}}}:{LogField(log)}";

    /// <summary>The prefix of the fields of <see cref="Client"/> that hold the position of a log.</summary>
    public static string LogField(ClientLog log) => log == ClientLog.Decisions ? "log" : "changes";

    /// <summary>The prefix of the keys of all analytics counts of a client.</summary>
    public static string Analytics(ClientId client) => $"rl:{{{client}}}:analytics:";

    /// <summary>String: the sequence number of the last write of an instance.</summary>
    public static RedisKey AnalyticsWritten(ClientId client, string instance) =>
        $"{Analytics(client)}written:{instance}";

    /// <summary>
    /// Hash of an hour since 1970: which checks (<see cref="AnalyticsField"/>) → for each minute a space, the minute of
    /// the hour, a colon, and checks, denied, shadow denied and degraded, separated by commas and without trailing
    /// zeros.
    /// </summary>
    public static RedisKey AnalyticsMinutes(ClientId client, long hour) =>
        $"{Analytics(client)}minutes:{hour}";

    /// <summary>Hash of a day since 1970: the same for each hour of the day.</summary>
    public static RedisKey AnalyticsHours(ClientId client, long day) =>
        $"{Analytics(client)}hours:{day}";

    /// <summary>
    /// Hash of a day since 1970: hour of the day → for each bucket of <see cref="DecisionTimes"/> a space, its number,
    /// a colon, and how many decisions took that long.
    /// </summary>
    public static RedisKey AnalyticsTimes(ClientId client, long day) =>
        $"{Analytics(client)}times:{day}";

    /// <summary>Hash of an hour since 1970: user → checks and denied, separated by a comma.</summary>
    public static RedisKey AnalyticsUsers(ClientId client, long hour) =>
        $"{Analytics(client)}users:{hour}";

    /// <summary>
    /// Hash of a subject in an hour since 1970: its value, or empty for all others together → checks and denied, separated by a
    /// comma.
    /// </summary>
    public static RedisKey AnalyticsSubjects(ClientId client, string name, long hour) =>
        $"{Analytics(client)}subjects:{name}:{hour}";

    /// <summary>HyperLogLog of the users of an hour since 1970.</summary>
    public static RedisKey AnalyticsUsersOfHour(ClientId client, long hour) =>
        $"{Analytics(client)}hour_users:{hour}";

    /// <summary>HyperLogLog of the users of a day since 1970.</summary>
    public static RedisKey AnalyticsUsersOfDay(ClientId client, long day) =>
        $"{Analytics(client)}day_users:{day}";

    /// <summary>The route's length ensures that no two pairs of names have the same field.</summary>
    public static RedisValue PolicyField(PolicyKey key) =>
        $"{key.RouteKey.Length}:{key.RouteKey}{key.Role}";

    /// <summary>The field of an override, which no policy has: theirs begin with a digit.</summary>
    public static RedisValue OverrideField(string id) => $"@{id}";

    /// <summary>Reads what <see cref="OverrideField"/> writes; null for the field of a policy.</summary>
    public static string? ParseOverrideField(string field) => field[0] == '@' ? field[1..] : null;

    /// <summary>Reads what <see cref="PolicyField"/> writes.</summary>
    public static PolicyKey ParsePolicyField(string field)
    {
        var colon = field.IndexOf(':', StringComparison.Ordinal);
        var role = colon + 1 + int.Parse(field.AsSpan(0, colon), CultureInfo.InvariantCulture);
        return new PolicyKey(field[(colon + 1)..role], field[role..]);
    }

    public static RedisValue PolicyVersionField(long version, PolicyKey key) =>
        $"{version} {PolicyField(key)}";

    /// <summary>The prefix of all keys of a client, and of no other client: all ids have the same length.</summary>
    public static string Everything(ClientId client) => $"rl:{{{client}";

    /// <summary>The prefix of the keys of all counters of a client, and of nothing else.</summary>
    public static string Counters(ClientId client) => $"rl:{{{client}:";

    /// <summary>
    /// The counter of one demand of a plan. The lengths ensure that no two subjects share a counter, whether or not their
    /// names contain braces and colons.
    /// </summary>
    /// <remarks>
    /// In a cluster one call names keys of one slot. The subjects that all limits of the policy have in common determine it.
    /// </remarks>
    public static string Counter(in CheckPlan plan, int index)
    {
        var (owner, limit, _) = plan[index];
        if (plan.Owners is not null && owner != plan.Subject)
        {
            return $"rl:{{{Slot(plan)}}}:{owner.UserId?.Length}:{owner.UserId}{owner.Named}:{limit.Epoch}";
        }

        // Whatever the other limits are, the counter of what all have in common has the same name.
        return owner is { UserId: { } user, Named: null, RouteKey: null }
            // The common case, without a text between.
            ? $"rl:{{{plan.Client}:{user.Length}:{user}}}:{limit.Epoch}"
            : $"rl:{{{Slot(plan)}}}:{limit.Epoch}";
    }

    /// <summary>
    /// String: what was asked with an idempotency key, a line break, and the answer as check.lua keeps it. Beside the counters.
    /// </summary>
    public static RedisKey Answer(in CheckPlan plan, IdempotencyKey key) =>
        $"rl:{{{Slot(plan)}}}:i:{key.Digest}";

    /// <summary>
    /// Hash: document, granted, committed, taken, keeps, ttl and expires of an open reservation (see check.lua); settled, the answer
    /// to its last settlement. In the slot of its counters, which the id's beginning names.
    /// </summary>
    public static RedisKey Reservation(ClientId client, string id) =>
        $"rl:{{{ReservationTag(client)}{id.AsSpan(0, HashSlots.SuffixLength)}}}:r:{id}";

    /// <summary>The beginning of an id of a reservation that is kept beside a plan's counters.</summary>
    public static string ReservationSlot(in CheckPlan plan) =>
        HashSlots.SuffixFor(ReservationTag(plan.Client), Slot(plan));

    /// <summary>
    /// Sorted set: id of an open reservation → when it expires, in microseconds since 1970. In a slot of its own; deleted with the
    /// client's counters.
    /// </summary>
    public static RedisKey OpenReservations(ClientId client) =>
        $"rl:{{{ReservationTag(client)}open}}";

    private static string ReservationTag(ClientId client) => $"{client}:";

    /// <summary>Sorted set: what open reservations hold of a counter (holds.lua).</summary>
    public static RedisKey Holds(RedisKey counter) => counter.Append(":holds");

    /// <summary>
    /// What the counters of a plan have in common: the subjects that all limits of the policy have, or the policy itself where
    /// they have none. A user alone begins with a length, and the others with a letter, which keeps them apart.
    /// </summary>
    private static string Slot(in CheckPlan plan)
    {
        var (client, user, route, named) = plan.Subject;
        var policy = plan.Policy.Key;
        var subjects = (user, named) switch
        {
            (not null, null) => $"{user.Length}:{user}",
            (null, null) => $"p{policy.RouteKey.Length}:{policy.RouteKey}{policy.Role}",
            _ => $"s{user?.Length}:{user}{named}",
        };
        return route is null
            ? $"{client}:{subjects}"
            : $"{client}:{subjects}:{route.Length}:{route}";
    }
}
