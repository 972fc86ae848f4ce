using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using RateLimiter.Application.Background;
using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Postgres.Outbox;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Policies;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Postgres.Projection;

/// <summary>
/// The projection of every client from the system of record to the store, which checks read. A projection never goes
/// back to an older version, and a deleted client is not projected.
/// </summary>
internal sealed class ClientProjection(
    PostgresDatabase database,
    RedisConnection connection,
    PolicyStaging staging,
    RedisDeletionRepository deletions,
    TimeProvider time,
    ILogger<ClientProjection> logger
)
{
    /// <summary>How long the deletion of a client is remembered: longer than any projection takes.</summary>
    internal static readonly TimeSpan DeletionMemory = TimeSpan.FromHours(1);

    private static readonly RedisScript Copy = RedisScript.Load("project_client");

    private readonly BackgroundLoop forgetting = new(
        "The removal of processed outbox entries",
        time,
        logger
    );

    private enum ProjectionOutcome
    {
        Copied,

        /// <summary>The projection has the same version, or a newer one.</summary>
        Known,

        /// <summary>The projection is older than the version that the change is based on, or does not exist.</summary>
        Incomplete,
        Deleted,

        /// <summary>The staged policies have expired.</summary>
        Unstaged,
    }

    /// <summary>
    /// Projects a change that was just recorded. When the store does not reply it is left to <see cref="OutboxRelay"/>:
    /// the change is made, whether or not it is projected.
    /// </summary>
    public async Task ProjectAsync(RecordedChange change)
    {
        try
        {
            if (await TryProjectAsync(change) == ProjectionOutcome.Incomplete)
            {
                await CompleteAsync(new ClientId(change.Client.Id), CancellationToken.None);
            }
        }
        catch (StoreUnavailableException)
        {
            return;
        }

        // The caller need not wait for this. If the entry stays, the relay finds it processed.
        _ = ForgetAsync(change.OutboxEntry);
    }

    /// <summary>Like <see cref="ProjectAsync(RecordedChange)"/>, for a client that was just created.</summary>
    public async Task CopyNewAsync(ClientRecord record, long outboxEntry)
    {
        try
        {
            await ProjectAsync(record, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            return;
        }

        _ = ForgetAsync(outboxEntry);
    }

    /// <summary>
    /// Projects a client from its record, when the projection is older than that, or deletes its projection.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store or the database did not reply.</exception>
    public async Task CompleteAsync(ClientId client, CancellationToken cancellationToken)
    {
        if (await FindRecordAsync(client, cancellationToken) is { } record)
        {
            await ProjectAsync(record, cancellationToken);
        }
        else
        {
            await DeleteAsync(client, cancellationToken);
        }
    }

    /// <summary>Reads a client from the database; null when there is none.</summary>
    public Task<ClientRecord?> FindRecordAsync(
        ClientId client,
        CancellationToken cancellationToken
    ) =>
        database.AskAsync(
            (context, deadline) => ClientRecord.FindAsync(context, client, deadline),
            cancellationToken
        );

    /// <summary>Projects a client that was read from the database.</summary>
    public async Task ProjectAsync(ClientRecord record, CancellationToken cancellationToken)
    {
        var token = Guid.NewGuid().ToString("N");
        var policies = record.ToFields();
        var isStaged = policies.Count > PolicyStaging.PerStep;
        if (isStaged)
        {
            await staging.StagePoliciesAsync(record.Id, token, policies, cancellationToken);
        }

        var outcome = await ProjectAsync(
            record.Client,
            baseVersion: null,
            token,
            isStaged ? policies.Count : 0,
            [
                "name",
                record.Client.Name,
                "created_at",
                record.Client.CreatedAt.ToUnixTimeMilliseconds(),
                .. Versions(record.Client),
            ],
            keysGone: [],
            [.. record.Keys.SelectMany(key => new RedisValue[] { key.Hash, key.Document })],
            policiesGone: [],
            isStaged
                ? []
                : [.. policies.SelectMany(policy => new RedisValue[] { policy.Key, policy.Value })],
            cancellationToken
        );
        if (outcome is ProjectionOutcome.Unstaged)
        {
            throw new StoreUnavailableException("The projection of a client took too long.");
        }
    }

    /// <summary>Deletes the projection of a client whose record was deleted, permanently.</summary>
    public async Task<DeletionSummary> DeleteAsync(
        ClientId client,
        CancellationToken cancellationToken
    )
    {
        await connection.AskAsync(
            RedisKeys.DeletedClient(client),
            database => database.StringSetAsync(RedisKeys.DeletedClient(client), 1, DeletionMemory),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        return await deletions.DeleteRegistryAsync(client, cancellationToken);
    }

    /// <summary>Whether a client was deleted recently, so that the database need not be asked for it.</summary>
    public Task<bool> WasDeletedAsync(ClientId client, CancellationToken cancellationToken) =>
        connection.AskAsync(
            RedisKeys.DeletedClient(client),
            database =>
                database.KeyExistsAsync(RedisKeys.DeletedClient(client), CommandFlags.DemandMaster),
            connection.AdministrativeTimeout,
            cancellationToken
        );

    /// <summary>The version of a client's projection; null when there is none.</summary>
    public Task<long?> FindVersionAsync(ClientId client, CancellationToken cancellationToken) =>
        connection.AskAsync(
            RedisKeys.Client(client),
            database => RedisClientRepository.FindVersionAsync(database, client),
            connection.AdministrativeTimeout,
            cancellationToken
        );

    /// <summary>
    /// Removes the outbox entry of a projected change. If the entry stays, the relay finds it processed.
    /// </summary>
    public Task ForgetAsync(long outboxEntry) =>
        forgetting.TryAsync(
            stoppingToken =>
                database.AskAsync(
                    (context, deadline) =>
                        context
                            .Outbox.Where(row => row.Id == outboxEntry)
                            .ExecuteDeleteAsync(deadline.Token),
                    stoppingToken
                ),
            CancellationToken.None
        );

    // A change that is too large for one call is projected as a whole client, which is done in steps.
    private async Task<ProjectionOutcome> TryProjectAsync(RecordedChange change) =>
        change.PoliciesGone.Count + change.PoliciesSaved.Count > PolicyStaging.PerStep
            ? ProjectionOutcome.Incomplete
            : await ProjectAsync(
                change.Client,
                change.Client.Version - 1,
                token: "",
                staged: 0,
                [.. Versions(change.Client)],
                [.. change.KeysGone.Select(hash => (RedisValue)hash)],
                [
                    .. change.KeysSaved.SelectMany(key =>
                        new RedisValue[] { key.Hash, key.Document }
                    ),
                ],
                [.. change.PoliciesGone.Select(field => (RedisValue)field)],
                [
                    .. change.PoliciesSaved.SelectMany(policy =>
                        new RedisValue[] { policy.Key, policy.Value }
                    ),
                ],
                CancellationToken.None
            );

    private async Task<ProjectionOutcome> ProjectAsync(
        ClientRow client,
        long? baseVersion,
        string token,
        int staged,
        RedisValue[] fields,
        RedisValue[] keysGone,
        RedisValue[] keysSaved,
        RedisValue[] policiesGone,
        RedisValue[] policiesSaved,
        CancellationToken cancellationToken
    )
    {
        var id = new ClientId(client.Id);
        return (ProjectionOutcome)
            (int)
                await connection.WriteAsync(
                    RedisKeys.Client(id),
                    database =>
                        Copy.EvaluateAsync(
                            database,
                            [
                                RedisKeys.Client(id),
                                RedisKeys.ApiKeys(id),
                                RedisKeys.ApiKeyUses(id),
                                RedisKeys.Policies(id),
                                RedisKeys.DeletedClient(id),
                                RedisKeys.StagedPolicies(id, token),
                                RedisKeys.PolicyChanges(id),
                            ],
                            [
                                client.Id,
                                baseVersion?.ToString(CultureInfo.InvariantCulture) ?? "",
                                client.Version,
                                staged,
                                fields.Length,
                                keysGone.Length,
                                keysSaved.Length,
                                policiesGone.Length,
                                policiesSaved.Length,
                                .. fields,
                                .. keysGone,
                                .. keysSaved,
                                .. policiesGone,
                                .. policiesSaved,
                            ]
                        ),
                    cancellationToken
                );
    }

    private static IEnumerable<RedisValue> Versions(ClientRow client) =>
        [
            "version",
            client.Version,
            "keys_version",
            client.KeysVersion,
            "policies_version",
            client.PoliciesVersion,
            "policy_bytes",
            client.PolicyBytes,
        ];
}
