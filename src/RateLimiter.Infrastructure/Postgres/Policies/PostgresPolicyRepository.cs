using System.Text;
using Microsoft.EntityFrameworkCore;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Postgres.Projection;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Postgres.Policies;

internal sealed class PostgresPolicyRepository(
    PostgresDatabase database,
    ClientProjection projection
) : IPolicyRepository
{
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
                var overrides = await context
                    .Overrides.AsNoTracking()
                    .Where(row => row.ClientId == client.Value)
                    .ToListAsync(deadline.Token);
                return new PolicySet(version, [.. rows.Select(ToHead)])
                {
                    Overrides =
                    [
                        .. overrides.Select(row =>
                            OverrideDocument.Read(row.Document, row.Version)
                        ),
                    ],
                };
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

    public Task<Override?> FindOverrideAsync(
        ClientId client,
        string id,
        CancellationToken cancellationToken
    ) =>
        database.AskAsync(
            async (context, deadline) =>
            {
                var found = await context
                    .Overrides.AsNoTracking()
                    .SingleOrDefaultAsync(
                        row => row.ClientId == client.Value && row.Id == id,
                        deadline.Token
                    );
                return found is null ? null : OverrideDocument.Read(found.Document, found.Version);
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

        var tables = new PolicyTables(context, client, deadline);
        var kept = await tables.FindKeptAsync(changes.Changes);
        var known = await tables.FindVersionsAsync(changes.Overrides);
        if (
            changes.Changes.Zip(kept).Any(pair => pair.First.Before.Version != pair.Second.Version)
            || changes.Overrides.Any(change =>
                change.BaseVersion != known.GetValueOrDefault(change.Id)
            )
        )
        {
            return (PolicySave.Outdated, null);
        }

        var values = changes
            .Changes.Zip(
                documents,
                (change, document) =>
                    document is null ? null : ClientRecord.ValueOf(change.Version, document)
            )
            .ToList();
        var growth =
            values.Sum(value => value is null ? 0L : Encoding.UTF8.GetByteCount(value))
            - kept.Sum(policy => policy.Bytes);
        var created = kept.Zip(values).Count(pair => !pair.First.Exists && pair.Second is not null);
        var deleted = kept.Zip(values).Count(pair => pair.First.Exists && pair.Second is null);
        var admitted = quota.Admit(
            creates: created > 0,
            created > 0 ? await tables.CountAsync() + created - deleted : 0,
            row.PolicyBytes + growth,
            growth,
            changes.Overrides.Any(change => change.Before is null)
                ? await tables.CountOverridesAsync()
                    + changes.Overrides.Count(change => change.Before is null)
                    - changes.Overrides.Count(change => change.After is null)
                : 0
        );
        if (admitted is not PolicySave.Saved || changes.DryRun)
        {
            return (admitted, null);
        }

        await tables.SaveAsync(changes, documents);
        await tables.SaveOverridesAsync(changes);
        row.Version++;
        row.PoliciesVersion++;
        row.PolicyBytes += growth;
        var outboxEntry = new OutboxRow { ClientId = client.Value, Version = row.Version };
        context.Add(outboxEntry);
        await context.SaveChangesAsync(deadline.Token);
        await transaction.CommitAsync(deadline.Token);
        return (
            PolicySave.Saved,
            new RecordedChange(row, outboxEntry.Id)
            {
                PoliciesGone = [.. Gone(changes, values)],
                PoliciesSaved = [.. Saved(changes, values)],
            }
        );
    }

    private static IEnumerable<string> Gone(PolicyChanges changes, IEnumerable<string?> values) =>
        changes
            .Changes.Zip(values)
            .Where(pair => pair.Second is null)
            .Select(pair => (string)RedisKeys.PolicyField(pair.First.Key)!)
            .Concat(
                changes
                    .Overrides.Where(change => change.After is null)
                    .Select(change => (string)RedisKeys.OverrideField(change.Id)!)
            );

    private static IEnumerable<KeyValuePair<string, RedisValue>> Saved(
        PolicyChanges changes,
        IEnumerable<string?> values
    ) =>
        changes
            .Changes.Zip(values)
            .Where(pair => pair.Second is not null)
            .Select(pair =>
                KeyValuePair.Create(
                    (string)RedisKeys.PolicyField(pair.First.Key)!,
                    (RedisValue)pair.Second
                )
            )
            .Concat(
                changes
                    .Overrides.Where(change => change.After is not null)
                    .Select(change =>
                        KeyValuePair.Create(
                            (string)RedisKeys.OverrideField(change.Id)!,
                            (RedisValue)OverrideDocument.WriteWithVersion(change.After!)
                        )
                    )
            );

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
}
