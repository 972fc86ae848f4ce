using System.Globalization;
using Microsoft.EntityFrameworkCore;
using RateLimiter.Application.Audit;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Postgres.Clients;
using RateLimiter.Infrastructure.Postgres.Database;
using RateLimiter.Infrastructure.Redis.Audit;
using RateLimiter.Infrastructure.Redis.Clients;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.Infrastructure.Redis.Policies;

namespace RateLimiter.Infrastructure.Postgres.Administration;

/// <summary>
/// Copies every client of the store into the database, with its keys, policies, their versions and its audit trail. It
/// can be repeated: a client whose version in the database is the same or newer is left unchanged.
/// </summary>
internal sealed class SystemOfRecordImport(
    PostgresDatabase database,
    RedisConnection connection,
    ImportJournal journal,
    RedisAuditRepository trails
)
{
    private const int ProgressInterval = 1000;

    /// <summary>One client can have much data, and no request waits for it.</summary>
    private static readonly TimeSpan ClientTimeout = TimeSpan.FromMinutes(10);

    /// <summary>Copies all clients.</summary>
    /// <returns>What it did, in one line.</returns>
    /// <exception cref="PostgresSetupException">
    /// The database does not contain everything that the store contains.
    /// </exception>
    public async Task<string> RunAsync(Action<string> progress, CancellationToken cancellationToken)
    {
        var outcomes = new Dictionary<ClientId, ImportOutcome>();
        var (wanted, found) = (Contents.None, Contents.None);
        await foreach (var client in ClientScan.FindAsync(connection, cancellationToken))
        {
            if (outcomes.ContainsKey(client))
            {
                continue;
            }

            var (outcome, contents) = await CopyAsync(client, cancellationToken);
            outcomes.Add(client, outcome);
            if (outcome is ImportOutcome.Copied or ImportOutcome.Known)
            {
                wanted += contents;
                found += await CountAsync(client, cancellationToken);
            }

            if (outcomes.Count % ProgressInterval == 0)
            {
                progress(Summary());
            }
        }

        if (found != wanted)
        {
            throw new PostgresSetupException(
                $"{Summary()}. Of these, the store has {wanted}; the database has {found}. Run it again while nothing is changed."
            );
        }

        return $"{Summary()}. Of these, the database has {found}.";

        string Summary() =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{outcomes.Count} clients: {Count(ImportOutcome.Copied)} copied, {Count(ImportOutcome.Known)} there already, "
                    + $"{Count(ImportOutcome.Newer)} newer in the database"
            );

        int Count(ImportOutcome outcome) => outcomes.Values.Count(each => each == outcome);
    }

    private async Task<(ImportOutcome Outcome, Contents Contents)> CopyAsync(
        ClientId client,
        CancellationToken cancellationToken
    )
    {
        await journal.FinishAsync(client, cancellationToken);
        var stored = await connection.AskAsync(
            RedisKeys.Client(client),
            store => StoredClient.FindAsync(store, client),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        if (stored is null)
        {
            return (ImportOutcome.Gone, Contents.None);
        }

        // Newer entries belong to a later version, which the next run copies.
        var trail = await trails.ListAsync(
            client,
            new AuditFilter(),
            before: null,
            int.MaxValue,
            cancellationToken
        );
        var outcome = await database.AskAsync(
            (context, deadline) => ClientImport.SaveAsync(context, stored, trail, deadline),
            ClientTimeout,
            cancellationToken
        );
        return (outcome, Contents.Of(stored));
    }

    private async Task<Contents> CountAsync(ClientId client, CancellationToken cancellationToken) =>
        await database.AskAsync(
            async (context, deadline) =>
                new Contents(
                    await context
                        .Clients.Where(row => row.Id == client.Value)
                        .LongCountAsync(deadline.Token),
                    await context
                        .Keys.Where(row => row.ClientId == client.Value)
                        .LongCountAsync(deadline.Token),
                    await context
                        .Policies.Where(row => row.ClientId == client.Value && row.Document != null)
                        .LongCountAsync(deadline.Token),
                    await context
                        .Overrides.Where(row => row.ClientId == client.Value)
                        .LongCountAsync(deadline.Token)
                ),
            ClientTimeout,
            cancellationToken
        );

    /// <summary>What is counted to verify that everything was copied.</summary>
    private sealed record Contents(long Clients, long Keys, long Policies, long Overrides)
    {
        public static readonly Contents None = new(0, 0, 0, 0);

        public static Contents Of(StoredClient stored) =>
            new(
                1,
                stored.Keys.Count,
                stored.Policies.Count(row => row.Document is not null),
                stored.Overrides.Count
            );

        public static Contents operator +(Contents left, Contents right) =>
            new(
                left.Clients + right.Clients,
                left.Keys + right.Keys,
                left.Policies + right.Policies,
                left.Overrides + right.Overrides
            );

        public override string ToString() =>
            $"{Clients} clients, {Keys} keys, {Policies} policies, {Overrides} overrides";
    }
}
