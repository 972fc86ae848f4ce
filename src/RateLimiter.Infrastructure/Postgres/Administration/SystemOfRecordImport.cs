using System.Data;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using RateLimiter.Application.Audit;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Infrastructure.Postgres.Audit;
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
    PolicyImports imports,
    RedisAuditRepository trails
)
{
    private const string Beginning = "rl:{";
    private const string End = "}:client";

    private const int ProgressInterval = 1000;

    /// <summary>One client can have much data, and no request waits for it.</summary>
    private static readonly TimeSpan ClientTimeout = TimeSpan.FromMinutes(10);

    private enum Outcome
    {
        Copied,

        /// <summary>The database has the same version.</summary>
        Known,

        /// <summary>The database has a later version, or the client was deleted there.</summary>
        Newer,

        /// <summary>The client was deleted from the store meanwhile.</summary>
        Gone,
    }

    /// <summary>Copies all clients.</summary>
    /// <returns>What it did, in one line.</returns>
    /// <exception cref="PostgresSetupException">
    /// The database does not contain everything that the store contains.
    /// </exception>
    public async Task<string> RunAsync(Action<string> progress, CancellationToken cancellationToken)
    {
        var outcomes = new Dictionary<ClientId, Outcome>();
        var (wanted, found) = (Contents.None, Contents.None);
        await foreach (var client in FindClientsAsync(cancellationToken))
        {
            // A scan may return the same key more than once.
            if (outcomes.ContainsKey(client))
            {
                continue;
            }

            var (outcome, contents) = await CopyAsync(client, cancellationToken);
            outcomes.Add(client, outcome);
            if (outcome is Outcome.Copied or Outcome.Known)
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
                $"{outcomes.Count} clients: {Count(Outcome.Copied)} copied, {Count(Outcome.Known)} there already, "
                    + $"{Count(Outcome.Newer)} newer in the database"
            );

        int Count(Outcome outcome) => outcomes.Values.Count(each => each == outcome);
    }

    private async IAsyncEnumerable<ClientId> FindClientsAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var layout = await StoreLayout.FindAsync(connection, cancellationToken);
        while (true)
        {
            foreach (var master in layout.Masters)
            {
                var cursor = 0L;
                do
                {
                    (cursor, var names) = await KeyScan.ReadPageAsync(
                        connection,
                        master,
                        cursor,
                        Beginning,
                        End,
                        cancellationToken
                    );
                    // User ids can be any text, but no counter's key has this form.
                    foreach (
                        var name in names
                            .Select(key => $"{key}")
                            .Where(name =>
                                name.Length == Beginning.Length + ClientId.Length + End.Length
                            )
                    )
                    {
                        yield return new ClientId(
                            name.Substring(Beginning.Length, ClientId.Length)
                        );
                    }
                } while (cursor != 0);
            }

            var before = layout.Slots;
            layout = await StoreLayout.FindAsync(connection, cancellationToken);
            if (layout.Slots == before)
            {
                yield break;
            }
        }
    }

    private async Task<(Outcome Outcome, Contents Contents)> CopyAsync(
        ClientId client,
        CancellationToken cancellationToken
    )
    {
        await imports.FinishAsync(client, cancellationToken);
        var stored = await connection.AskAsync(
            RedisKeys.Client(client),
            store => StoredClient.FindAsync(store, client),
            connection.AdministrativeTimeout,
            cancellationToken
        );
        if (stored is null)
        {
            return (Outcome.Gone, Contents.None);
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
            (context, deadline) => SaveAsync(context, stored, trail, deadline),
            ClientTimeout,
            cancellationToken
        );
        return (outcome, Contents.Of(stored));
    }

    private static async Task<Outcome> SaveAsync(
        SystemOfRecordContext context,
        StoredClient stored,
        IReadOnlyList<AuditEntry> trail,
        Deadline deadline
    )
    {
        var client = new ClientId(stored.Client.Id);
        await using var transaction = await context.Database.BeginTransactionAsync(deadline.Token);
        var known = await PostgresDatabase.LockAsync(context, client, deadline);
        if (known?.Version >= stored.Client.Version)
        {
            return known.Version == stored.Client.Version ? Outcome.Known : Outcome.Newer;
        }

        var entries = await context
            .Audit.AsNoTracking()
            .Where(row => row.ClientId == client.Value)
            .ToListAsync(deadline.Token);
        if (entries.Any(row => row.Action == AuditAction.ClientDeleted.ToName()))
        {
            return Outcome.Newer;
        }

        if (known is not null)
        {
            // Deletes its keys, policies and their versions by cascade; the projection is compared with the imported
            // client.
            await context
                .Clients.Where(row => row.Id == client.Value)
                .ExecuteDeleteAsync(deadline.Token);
            context.ChangeTracker.Clear();
            context.Add(new OutboxRow { ClientId = client.Value, Version = stored.Client.Version });
        }

        context.Add(stored.Client);
        context.AddRange(stored.Keys);
        await context.SaveChangesAsync(deadline.Token);
        var knownEntries = entries.Select(Text).ToHashSet();
        await WriteAsync(
            context,
            "policies (client_id, route_key, role, version, document)",
            stored.Policies.Select(row =>
                new object?[]
                {
                    row.ClientId,
                    row.RouteKey,
                    row.Role,
                    row.Version,
                    Json(row.Document),
                }
            ),
            deadline
        );
        await WriteAsync(
            context,
            "policy_versions (client_id, route_key, role, version, at, by, document)",
            stored.Versions.Select(row =>
                new object?[]
                {
                    row.ClientId,
                    row.RouteKey,
                    row.Role,
                    row.Version,
                    row.At,
                    row.By,
                    Json(row.Document),
                }
            ),
            deadline
        );
        await WriteAsync(
            context,
            "audit (client_id, at, action, key_id, address, request_id, before, after)",
            trail
                .Reverse()
                .Select(entry => AuditRows.Of(client, entry.Record))
                .Where(row => !knownEntries.Contains(Text(row)))
                .Select(row =>
                    new object?[]
                    {
                        row.ClientId,
                        row.At,
                        row.Action,
                        row.KeyId,
                        row.Address,
                        row.RequestId,
                        Json(row.Before),
                        Json(row.After),
                    }
                ),
            deadline
        );
        await transaction.CommitAsync(deadline.Token);
        return Outcome.Copied;
    }

    private static async Task WriteAsync(
        SystemOfRecordContext context,
        string table,
        IEnumerable<object?[]> rows,
        Deadline deadline
    )
    {
        var connection = (NpgsqlConnection)context.Database.GetDbConnection();
        await using var writer = await connection.BeginBinaryImportAsync(
            $"COPY ratelimiter.{table} FROM STDIN (FORMAT BINARY)",
            deadline.Token
        );
        foreach (var row in rows)
        {
            await writer.StartRowAsync(deadline.Token);
            foreach (var value in row)
            {
                await (
                    value switch
                    {
                        null => writer.WriteNullAsync(deadline.Token),
                        long number => writer.WriteAsync(
                            number,
                            NpgsqlDbType.Bigint,
                            deadline.Token
                        ),
                        DateTimeOffset moment => writer.WriteAsync(
                            moment,
                            NpgsqlDbType.TimestampTz,
                            deadline.Token
                        ),
                        JsonText json => writer.WriteAsync(
                            json.Text,
                            NpgsqlDbType.Json,
                            deadline.Token
                        ),
                        _ => writer.WriteAsync((string)value, NpgsqlDbType.Text, deadline.Token),
                    }
                );
            }
        }

        await writer.CompleteAsync(deadline.Token);
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
                        .LongCountAsync(deadline.Token)
                ),
            ClientTimeout,
            cancellationToken
        );

    private static JsonText? Json(string? text) => text is null ? null : new JsonText(text);

    // The database stores microseconds.
    private static string Text(AuditRow row) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{row.At.UtcTicks / TimeSpan.TicksPerMicrosecond} {row.Action} {row.RequestId} {row.Before} {row.After}"
        );

    private sealed record JsonText(string Text);

    /// <summary>What is counted to verify that everything was copied.</summary>
    private sealed record Contents(long Clients, long Keys, long Policies)
    {
        public static readonly Contents None = new(0, 0, 0);

        public static Contents Of(StoredClient stored) =>
            new(1, stored.Keys.Count, stored.Policies.Count(row => row.Document is not null));

        public static Contents operator +(Contents left, Contents right) =>
            new(
                left.Clients + right.Clients,
                left.Keys + right.Keys,
                left.Policies + right.Policies
            );

        public override string ToString() => $"{Clients} clients, {Keys} keys, {Policies} policies";
    }
}
