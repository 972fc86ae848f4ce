using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Postgres.Audit;
using RateLimiter.Infrastructure.Postgres.Database;

namespace RateLimiter.Infrastructure.Postgres.Policies;

/// <summary>The tables that a change of a client's policies reads and writes in its transaction.</summary>
internal sealed class PolicyTables(
    SystemOfRecordContext context,
    ClientId client,
    Deadline deadline
)
{
    /// <summary>The most changes in one statement.</summary>
    private const int PortionSize = 1000;

    private const string AddToTrail = """
        INSERT INTO ratelimiter.audit (client_id, at, action, key_id, address, request_id, before, after)
        SELECT @client, @at, action, @by, @address, @request, before::json, after::json
        FROM unnest(@actions, @befores, @afters) WITH ORDINALITY AS made (action, before, after, number)
        ORDER BY number;
        """;

    /// <summary>What is kept of each policy that is to change, in the order of the changes.</summary>
    public async Task<IReadOnlyList<KeptPolicy>> FindKeptAsync(IReadOnlyList<PolicyChange> changes)
    {
        var kept = await context
            .Database.SqlQuery<KeptPolicy>(
                $"""
                SELECT wanted.number AS "Number", coalesce(kept.version, 0) AS "Version",
                    CASE WHEN kept.document IS NULL THEN 0
                        ELSE length(kept.version::text) + 1 + octet_length(kept.document::text) END AS "Bytes"
                FROM unnest({Routes(changes)}, {Roles(changes)})
                    WITH ORDINALITY AS wanted (route_key, role, number)
                LEFT JOIN ratelimiter.policies AS kept ON kept.client_id = {client.Value}
                    AND kept.route_key = wanted.route_key AND kept.role = wanted.role
                """
            )
            .ToListAsync(deadline.Token);
        deadline.Extend();
        return [.. kept.OrderBy(policy => policy.Number)];
    }

    /// <summary>The number of the client's policies.</summary>
    public Task<int> CountAsync() =>
        context
            .Policies.Where(row => row.ClientId == client.Value && row.Document != null)
            .CountAsync(deadline.Token);

    /// <summary>The stored version of each override that is to change; those that do not exist are missing.</summary>
    public Task<Dictionary<string, long>> FindVersionsAsync(IReadOnlyList<OverrideChange> changes)
    {
        string[] ids = [.. changes.Select(change => change.Id)];
        return context
            .Overrides.Where(row => row.ClientId == client.Value && ids.Contains(row.Id))
            .ToDictionaryAsync(row => row.Id, row => row.Version, deadline.Token);
    }

    /// <summary>The number of the client's overrides.</summary>
    public Task<int> CountOverridesAsync() =>
        context.Overrides.Where(row => row.ClientId == client.Value).CountAsync(deadline.Token);

    /// <summary>Writes the new versions, and the audit trail.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="documents">The policy after each change as JSON; null for a deletion.</param>
    // Row by row, a thousand changes would take a second.
    public async Task SaveAsync(PolicyChanges changes, IReadOnlyList<string?> documents)
    {
        foreach (var portion in changes.Changes.Zip(documents).Chunk(PortionSize))
        {
            var made = portion.Select(pair => pair.First).ToList();
            await context.Database.ExecuteSqlRawAsync(
                $"""
                INSERT INTO ratelimiter.policies (client_id, route_key, role, version, document)
                SELECT @client, route_key, role, version, document::json
                FROM unnest(@routes, @roles, @versions, @documents) AS made (route_key, role, version, document)
                ON CONFLICT (client_id, route_key, role)
                DO UPDATE SET version = excluded.version, document = excluded.document;

                INSERT INTO ratelimiter.policy_versions (client_id, route_key, role, version, at, by, document)
                SELECT @client, route_key, role, version, @at, @by, document::json
                FROM unnest(@routes, @roles, @versions, @documents) AS made (route_key, role, version, document);

                {AddToTrail}
                """,
                [
                    new NpgsqlParameter("routes", Routes(made)),
                    new NpgsqlParameter("roles", Roles(made)),
                    new NpgsqlParameter(
                        "versions",
                        made.Select(change => change.Version).ToArray()
                    ),
                    Texts("documents", portion.Select(pair => pair.Second)),
                    .. Trail(
                        changes,
                        made.Select(change => change.ToAudit(changes.At, changes.Actor))
                    ),
                ],
                deadline.Token
            );
            deadline.Extend();
        }
    }

    /// <summary>Writes the new versions of overrides, and the audit trail.</summary>
    public async Task SaveOverridesAsync(PolicyChanges changes)
    {
        foreach (var portion in changes.Overrides.Chunk(PortionSize))
        {
            await context.Database.ExecuteSqlRawAsync(
                $"""
                DELETE FROM ratelimiter.overrides USING unnest(@ids, @documents) AS made (id, document)
                WHERE overrides.client_id = @client AND overrides.id = made.id AND made.document IS NULL;

                INSERT INTO ratelimiter.overrides (client_id, id, version, document)
                SELECT @client, id, version, document::json
                FROM unnest(@ids, @versions, @documents) AS made (id, version, document) WHERE document IS NOT NULL
                ON CONFLICT (client_id, id)
                DO UPDATE SET version = excluded.version, document = excluded.document;

                {AddToTrail}
                """,
                [
                    new NpgsqlParameter("ids", portion.Select(change => change.Id).ToArray()),
                    new NpgsqlParameter(
                        "versions",
                        portion.Select(change => change.Version).ToArray()
                    ),
                    Texts(
                        "documents",
                        portion.Select(change =>
                            change.After is null ? null : OverrideDocument.Write(change.After)
                        )
                    ),
                    .. Trail(
                        changes,
                        portion.Select(change => change.ToAudit(changes.At, changes.Actor))
                    ),
                ],
                deadline.Token
            );
            deadline.Extend();
        }
    }

    private NpgsqlParameter[] Trail(PolicyChanges changes, IEnumerable<AuditRecord> records)
    {
        var audited = records.ToList();
        return
        [
            Text("client", client.Value),
            new NpgsqlParameter("at", changes.At.ToUniversalTime()),
            Text("by", changes.Actor.KeyId),
            Text("address", changes.Actor.Address),
            Text("request", changes.Actor.RequestId),
            new NpgsqlParameter(
                "actions",
                audited.Select(record => record.Action.ToName()).ToArray()
            ),
            Texts("befores", audited.Select(record => AuditRows.Write(record.Before))),
            Texts("afters", audited.Select(record => AuditRows.Write(record.After))),
        ];
    }

    private static string[] Routes(IEnumerable<PolicyChange> changes) =>
        [.. changes.Select(change => change.Key.RouteKey)];

    private static string[] Roles(IEnumerable<PolicyChange> changes) =>
        [.. changes.Select(change => change.Key.Role)];

    private static NpgsqlParameter Text(string name, string? value) =>
        new(name, NpgsqlDbType.Text) { Value = (object?)value ?? DBNull.Value };

    private static NpgsqlParameter Texts(string name, IEnumerable<string?> values) =>
        new(name, NpgsqlDbType.Array | NpgsqlDbType.Text) { Value = values.ToArray() };
}

/// <param name="Number">The number of the change, from 1.</param>
/// <param name="Version">The last version; 0 when none is known.</param>
/// <param name="Bytes">The size of the policy; 0 when there is none.</param>
internal sealed record KeptPolicy(long Number, long Version, int Bytes)
{
    public bool Exists => Bytes > 0;
}
