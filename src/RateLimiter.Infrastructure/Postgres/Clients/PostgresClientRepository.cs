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
/// Clients are found in the store; the database is asked for those alone that have no copy there, or one that is older than
/// what is known.
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
        var announcement = new OutboxRow { ClientId = row.Id, Version = row.Version };
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
                context.Add(announcement);
                await context.SaveChangesAsync(deadline.Token);
                await transaction.CommitAsync(deadline.Token);
                return true;
            },
            cancellationToken
        );
        await projection.CopyNewAsync(
            new ClientRecord(row, [(hash, document)], []),
            announcement.Id
        );
    }

    public async Task<ClientSnapshot?> FindAsync(
        ClientId client,
        long known,
        ClientSnapshot? loaded,
        CancellationToken cancellationToken
    ) =>
        await store.FindAsync(client, known, loaded, cancellationToken) is { } copy
        && copy.Version >= known
            ? copy
            : await FillAsync(client, cancellationToken);

    public async Task<long?> FindVersionAsync(ClientId client, CancellationToken cancellationToken)
    {
        if (await store.FindVersionAsync(client, cancellationToken) is { } version)
        {
            return version;
        }

        try
        {
            // A check may wait for it, as for the store's.
            var filled = await FillAsync(client, CancellationToken.None)
                .WaitAsync(connection.CheckTimeout / 2, connection.Clock, cancellationToken);
            return filled?.Version;
        }
        catch (TimeoutException exception)
        {
            throw new StoreUnavailableException("The database did not answer.", exception);
        }
    }

    /// <summary>Looks for a client that has no copy, or one that is behind, and makes one.</summary>
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
            await projection.CopyAsync(record, cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            // It is known all the same. The next one asks again.
        }

        return record.ToSnapshot();
    }
}
