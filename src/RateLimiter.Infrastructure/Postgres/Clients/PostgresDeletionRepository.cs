using Microsoft.EntityFrameworkCore;
using RateLimiter.Application.Clients;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Infrastructure.Postgres.Audit;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Postgres.Projection;
using RateLimiter.Infrastructure.Redis.Clients;

namespace RateLimiter.Infrastructure.Postgres.Clients;

/// <summary>
/// Deletions in progress are recorded in the store, where the counters are. A client is deleted from the database
/// first: as long as its projection exists, the deletion is continued.
/// </summary>
internal sealed class PostgresDeletionRepository(
    PostgresDatabase database,
    ClientProjection projection,
    RedisDeletionRepository store,
    TimeProvider time
) : IDeletionRepository
{
    public Task<IReadOnlyList<ClientDeletion>> ListAsync(CancellationToken cancellationToken) =>
        store.ListAsync(cancellationToken);

    public Task<bool> TryBeginAsync(ClientDeletion deletion, CancellationToken cancellationToken) =>
        store.TryBeginAsync(deletion, cancellationToken);

    public Task<bool> TryNoteAsync(
        ClientDeletion before,
        ClientDeletion? after,
        CancellationToken cancellationToken
    ) => store.TryNoteAsync(before, after, cancellationToken);

    public async Task<DeletionSummary> DeleteClientAsync(
        ClientDeletion deletion,
        CancellationToken cancellationToken
    )
    {
        var (deleted, outboxEntry) = await database.AskAsync(
            (context, deadline) => DeleteAsync(context, deletion, deadline),
            cancellationToken
        );
        var projected = await projection.DeleteAsync(deletion.Client, cancellationToken);
        if (outboxEntry is { } made)
        {
            await projection.ForgetAsync(made);
        }

        return deleted with
        {
            LogEntries = projected.LogEntries,
        };
    }

    public IAsyncEnumerable<int> DeleteCountersAsync(
        ClientId client,
        CancellationToken cancellationToken
    ) => store.DeleteCountersAsync(client, cancellationToken);

    private async Task<(DeletionSummary Deleted, long? OutboxEntry)> DeleteAsync(
        SystemOfRecordContext context,
        ClientDeletion deletion,
        Deadline deadline
    )
    {
        var client = deletion.Client;
        await using var transaction = await database.BeginAsync(context, deadline);
        if (await PostgresDatabase.LockAsync(context, client, deadline) is not { } row)
        {
            return (DeletionSummary.None, null);
        }

        var deleted = DeletionSummary.None with
        {
            Policies = await context
                .Policies.Where(policy =>
                    policy.ClientId == client.Value && policy.Document != null
                )
                .LongCountAsync(deadline.Token),
            Keys = await context
                .Keys.Where(key => key.ClientId == client.Value)
                .LongCountAsync(deadline.Token),
        };
        // Its keys, policies and their versions are deleted by cascade.
        context.Remove(row);
        context.Add(
            AuditRows.Of(
                client,
                new AuditRecord(
                    AuditAction.ClientDeleted,
                    time.GetUtcNow(),
                    deletion.Actor,
                    new AuditedClient(row.Name),
                    After: null
                )
            )
        );
        var outboxEntry = new OutboxRow { ClientId = client.Value, Version = null };
        context.Add(outboxEntry);
        await context.SaveChangesAsync(deadline.Token);
        await transaction.CommitAsync(deadline.Token);
        return (deleted, outboxEntry.Id);
    }
}
