using Microsoft.EntityFrameworkCore;
using Npgsql;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Postgres.Audit;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Postgres.Projection;

namespace RateLimiter.Infrastructure.Postgres.Policies;

internal sealed class PostgresPolicyRepository(
    PostgresDatabase database,
    ClientProjection projection
) : IPolicyRepository
{
    /// <summary>The most changes in one statement.</summary>
    private const int PortionSize = 1000;

    public Task<PolicySet> ListAsync(ClientId client, CancellationToken cancellationToken) =>
        database.AskAsync(
            async (context, deadline) =>
            {
                await using var snapshot = await PostgresDatabase.BeginSnapshotAsync(
                    context,
                    deadline
                );
                var version = await context
                    .Clients.Where(row => row.Id == client.Value)
                    .Select(row => row.PoliciesVersion)
                    .SingleOrDefaultAsync(deadline.Token);
                var rows = await context
                    .Policies.AsNoTracking()
                    .Where(row => row.ClientId == client.Value)
                    .ToListAsync(deadline.Token);
                return new PolicySet(version, [.. rows.Select(ToHead)]);
            },
            cancellationToken
        );

    public Task<PolicyHead> FindAsync(
        ClientId client,
        PolicyKey key,
        CancellationToken cancellationToken
    ) =>
        database.AskAsync(
            async (context, deadline) =>
            {
                var found = await context
                    .Policies.AsNoTracking()
                    .SingleOrDefaultAsync(
                        row =>
                            row.ClientId == client.Value
                            && row.RouteKey == key.RouteKey
                            && row.Role == key.Role,
                        deadline.Token
                    );
                return found is null ? PolicyHead.None(key) : ToHead(found);
            },
            cancellationToken
        );

    public Task<IReadOnlyList<PolicyVersion>> ListVersionsAsync(
        ClientId client,
        PolicyKey key,
        long? before,
        int limit,
        CancellationToken cancellationToken
    ) =>
        database.AskAsync<IReadOnlyList<PolicyVersion>>(
            async (context, deadline) =>
            {
                var end = before ?? long.MaxValue;
                var rows = await context
                    .PolicyVersions.AsNoTracking()
                    .Where(row =>
                        row.ClientId == client.Value
                        && row.RouteKey == key.RouteKey
                        && row.Role == key.Role
                        && row.Version < end
                    )
                    .OrderByDescending(row => row.Version)
                    .Take(limit)
                    .ToListAsync(deadline.Token);
                return [.. rows.Select(ToVersion)];
            },
            cancellationToken
        );

    public async Task<PolicyChangeResult> TryChangeAsync(
        ClientId client,
        PolicyChanges changes,
        PolicyQuota quota,
        CancellationToken cancellationToken
    )
    {
        var documents = changes
            .Changes.Select(change =>
                change.After is null ? null : PolicyDocument.Write(change.After)
            )
            .ToList();
        var (outcome, made) = await database.AskAsync(
            (context, deadline) =>
                TryChangeAsync(context, client, changes, documents, quota, deadline),
            cancellationToken
        );
        if (made is not null)
        {
            await projection.ProjectAsync(made);
        }

        return new PolicyChangeResult(outcome, made?.Client.Version ?? 0);
    }

    private async Task<(PolicySave Outcome, RecordedChange? Made)> TryChangeAsync(
        SystemOfRecordContext context,
        ClientId client,
        PolicyChanges changes,
        IReadOnlyList<string?> documents,
        PolicyQuota quota,
        Deadline deadline
    )
    {
        await using var transaction = await database.BeginAsync(context, deadline);
        if (await PostgresDatabase.LockAsync(context, client, deadline) is not { } row)
        {
            return (PolicySave.NoClient, null);
        }

        if (changes.SetVersion is { } wanted && wanted != row.PoliciesVersion)
        {
            return (PolicySave.Outdated, null);
        }

        var kept = await FindSizesAsync(context, client, changes.Changes, deadline);
        if (changes.Changes.Zip(kept).Any(pair => pair.First.Before.Version != pair.Second.Version))
        {
            return (PolicySave.Outdated, null);
        }

        var values = changes
            .Changes.Zip(
                documents,
                (change, document) =>
                    document is null ? null : ClientRecord.PolicyValue(change.Version, document)
            )
            .ToList();
        if (
            await FindExcessAsync(context, row, kept, values, quota, deadline)
            is not PolicySave.Saved
                and var excess
        )
        {
            return (excess, null);
        }

        if (changes.DryRun)
        {
            return (PolicySave.Saved, null);
        }

        await SaveAsync(context, client, changes, documents, deadline);
        row.Version++;
        row.PoliciesVersion++;
        row.PolicyBytes += Growth(kept, values);
        var outboxEntry = new OutboxRow { ClientId = client.Value, Version = row.Version };
        context.Add(outboxEntry);
        await context.SaveChangesAsync(deadline.Token);
        await transaction.CommitAsync(deadline.Token);
        var keys = changes.Changes.Select(change => change.Key).Zip(values).ToList();
        return (
            PolicySave.Saved,
            new RecordedChange(row, outboxEntry.Id)
            {
                PoliciesGone =
                [
                    .. keys.Where(pair => pair.Second is null).Select(pair => pair.First),
                ],
                PoliciesSaved =
                [
                    .. keys.Where(pair => pair.Second is not null)
                        .Select(pair => (pair.First, pair.Second!)),
                ],
            }
        );
    }

    /// <summary>The stored size of each policy that is to change, in the order of the changes.</summary>
    private static async Task<IReadOnlyList<KeptSize>> FindSizesAsync(
        SystemOfRecordContext context,
        ClientId client,
        IReadOnlyList<PolicyChange> changes,
        Deadline deadline
    )
    {
        var kept = await context
            .Database.SqlQuery<KeptSize>(
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
        return [.. kept.OrderBy(size => size.Number)];
    }

    /// <summary>Whether the client would exceed its quota.</summary>
    private static async Task<PolicySave> FindExcessAsync(
        SystemOfRecordContext context,
        ClientRow client,
        IReadOnlyList<KeptSize> kept,
        IReadOnlyList<string?> values,
        PolicyQuota quota,
        Deadline deadline
    )
    {
        var made = kept.Zip(values).Count(pair => pair.First.Bytes == 0 && pair.Second is not null);
        if (made > 0)
        {
            var deleted = kept.Zip(values)
                .Count(pair => pair.First.Bytes > 0 && pair.Second is null);
            var count = await context
                .Policies.Where(row => row.ClientId == client.Id && row.Document != null)
                .CountAsync(deadline.Token);
            if (count + made - deleted > quota.MaxPolicies)
            {
                return PolicySave.NoRoom;
            }
        }

        var growth = Growth(kept, values);
        return growth > 0 && client.PolicyBytes + growth > quota.MaxBytes
            ? PolicySave.TooLarge
            : PolicySave.Saved;
    }

    private static long Growth(IReadOnlyList<KeptSize> kept, IReadOnlyList<string?> values) =>
        values.Sum(value => value is null ? 0L : System.Text.Encoding.UTF8.GetByteCount(value))
        - kept.Sum(size => size.Bytes);

    // Row by row, a thousand changes would take a second.
    private static async Task SaveAsync(
        SystemOfRecordContext context,
        ClientId client,
        PolicyChanges changes,
        IReadOnlyList<string?> documents,
        Deadline deadline
    )
    {
        var by = changes.Actor.KeyId;
        foreach (var portion in changes.Changes.Zip(documents).Chunk(PortionSize))
        {
            var made = portion.Select(pair => pair.First).ToList();
            string[] actions = [.. made.Select(change => change.Action.ToName())];
            var audited = made.Select(change => change.ToAudit(changes.At, changes.Actor)).ToList();
            await context.Database.ExecuteSqlRawAsync(
                """
                INSERT INTO ratelimiter.policies (client_id, route_key, role, version, document)
                SELECT @client, route_key, role, version, document::json
                FROM unnest(@routes, @roles, @versions, @documents) AS made (route_key, role, version, document)
                ON CONFLICT (client_id, route_key, role)
                DO UPDATE SET version = excluded.version, document = excluded.document;

                INSERT INTO ratelimiter.policy_versions (client_id, route_key, role, version, at, by, document)
                SELECT @client, route_key, role, version, @at, @by, document::json
                FROM unnest(@routes, @roles, @versions, @documents) AS made (route_key, role, version, document);

                INSERT INTO ratelimiter.audit (client_id, at, action, key_id, address, request_id, before, after)
                SELECT @client, @at, action, @by, @address, @request, before::json, after::json
                FROM unnest(@actions, @befores, @afters) WITH ORDINALITY AS made (action, before, after, number)
                ORDER BY number;
                """,
                [
                    Text("client", client.Value),
                    new NpgsqlParameter("routes", Routes(made)),
                    new NpgsqlParameter("roles", Roles(made)),
                    new NpgsqlParameter(
                        "versions",
                        made.Select(change => change.Version).ToArray()
                    ),
                    Texts("documents", portion.Select(pair => pair.Second)),
                    new NpgsqlParameter("at", changes.At.ToUniversalTime()),
                    Text("by", by),
                    Text("address", changes.Actor.Address),
                    Text("request", changes.Actor.RequestId),
                    new NpgsqlParameter("actions", actions),
                    Texts("befores", audited.Select(record => AuditRows.Write(record.Before))),
                    Texts("afters", audited.Select(record => AuditRows.Write(record.After))),
                ],
                deadline.Token
            );
            deadline.Extend();
        }
    }

    private static string[] Routes(IEnumerable<PolicyChange> changes) =>
        [.. changes.Select(change => change.Key.RouteKey)];

    private static string[] Roles(IEnumerable<PolicyChange> changes) =>
        [.. changes.Select(change => change.Key.Role)];

    private static NpgsqlParameter Text(string name, string? value) =>
        new(name, NpgsqlTypes.NpgsqlDbType.Text) { Value = (object?)value ?? DBNull.Value };

    private static NpgsqlParameter Texts(string name, IEnumerable<string?> values) =>
        new(name, NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Text)
        {
            Value = values.ToArray(),
        };

    private static PolicyHead ToHead(PolicyRow row) =>
        new(
            new PolicyKey(row.RouteKey, row.Role),
            row.Version,
            row.Document is null ? null : PolicyDocument.Read(row.Document, row.Version)
        );

    private static PolicyVersion ToVersion(PolicyVersionRow row) =>
        row.Document is null
            ? new PolicyVersion(row.Version, row.At, row.By, Policy: null)
            : PolicyVersion.Of(PolicyDocument.Read(row.Document, row.Version));

    /// <param name="Number">The number of the change, from 1.</param>
    /// <param name="Version">The last version; 0 when none is known.</param>
    /// <param name="Bytes">The size of the policy; 0 when there is none.</param>
    private sealed record KeptSize(long Number, long Version, int Bytes);
}
