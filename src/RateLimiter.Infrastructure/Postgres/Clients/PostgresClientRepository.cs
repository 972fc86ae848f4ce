using RateLimiter.Application.Clients;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Domain.Clients;
using RateLimiter.Infrastructure.Documents;
using RateLimiter.Infrastructure.Postgres.Audit;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Postgres.Projection;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Postgres.Clients;

/// <summary>
/// Clients are read from their projection in the store; the database is asked only for those that have no projection
/// there, or one that is older than the version known to exist.
/// </summary>
internal sealed class PostgresClientRepository(
    PostgresDatabase database,
    ClientProjection projection,
    RedisClientRepository store,
    RedisConnection connection
) : IClientRepository
{
    public async Task AddAsync(
        NewClient client,
        AuditRecord audit,
        CancellationToken cancellationToken
    )
    {
        var row = new ClientRow
        {
            Id = client.Id.Value,
            Name = client.Name,
            CreatedAt = client.CreatedAt.ToUniversalTime(),
        };
        var (hash, document) = ($"{client.Key.Hash}", ApiKeyDocument.Write(client.Key));
        var outboxEntry = new OutboxRow { ClientId = row.Id, Version = row.Version };
        await database.AskAsync(
            async (context, deadline) =>
            {
                await using var transaction = await database.BeginAsync(context, deadline);
                context.Add(row);
                context.Add(
                    new KeyRow
                    {
                        ClientId = row.Id,
                        Hash = Convert.FromHexString(hash),
                        Id = client.Key.Id,
                        Document = document,
                    }
                );
                context.Add(AuditRows.Of(client.Id, audit));
                context.Add(outboxEntry);
                await context.SaveChangesAsync(deadline.Token);
                await transaction.CommitAsync(deadline.Token);
                return true;
            },
            cancellationToken
        );
        await projection.CopyNewAsync(
            new ClientRecord(row, [(hash, document)], []),
            outboxEntry.Id
        );
    }

    public async Task<ClientSnapshot?> FindAsync(
        ClientId client,
        long known,
        ClientSnapshot? loaded,
        CancellationToken cancellationToken
    ) =>
        await store.FindAsync(client, known, loaded, cancellationToken) is { } projected
        && projected.Version >= known
            ? projected
            : await FillAsync(client, cancellationToken);

    public async Task<long?> FindVersionAsync(ClientId client, CancellationToken cancellationToken)
    {
        if (await store.FindVersionAsync(client, cancellationToken) is { } version)
        {
            return version;
        }

        try
        {
            // A check may wait for this, as it may for the store's version.
            var filled = await FillAsync(client, CancellationToken.None)
                .WaitAsync(connection.CheckTimeout / 2, connection.Clock, cancellationToken);
            return filled?.Version;
        }
        catch (TimeoutException exception)
        {
            throw new StoreUnavailableException("The database did not answer.", exception);
        }
    }

    /// <summary>
    /// Reads a client without a projection, or with an outdated one, from the database, and projects it.
    /// </summary>
    private async Task<ClientSnapshot?> FillAsync(
        ClientId client,
        CancellationToken cancellationToken
    )
    {
        if (
            await projection.WasDeletedAsync(client, cancellationToken)
            || await projection.FindRecordAsync(client, cancellationToken) is not { } record
        )
        {
            return null;
        }

        try
        {
            await projection.ProjectAsync(record, cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            // The client was read all the same. The next request tries again.
        }

        return record.ToSnapshot();
    }
}
