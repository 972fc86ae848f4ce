using System.Globalization;
using Microsoft.EntityFrameworkCore;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Infrastructure.Postgres.Audit;
using RateLimiter.Infrastructure.Postgres.Clients;
using RateLimiter.Infrastructure.Postgres.Database;

namespace RateLimiter.Infrastructure.Postgres.Administration;

/// <summary>Writes a client of the store into the database, unless the database has its version or a later one.</summary>
internal static class ClientImport
{
    /// <summary>Writes all of it in one transaction, or nothing.</summary>
    public static async Task<ImportOutcome> SaveAsync(
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
            return known.Version == stored.Client.Version
                ? ImportOutcome.Known
                : ImportOutcome.Newer;
        }

        var entries = await context
            .Audit.AsNoTracking()
            .Where(row => row.ClientId == client.Value)
            .ToListAsync(deadline.Token);
        if (entries.Any(row => row.Action == AuditAction.ClientDeleted.ToName()))
        {
            return ImportOutcome.Newer;
        }

        if (known is not null)
        {
            // Deletes its keys, policies, their versions and overrides by cascade; the projection is compared with the imported
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
        await TableCopy.WriteAsync(
            context,
            "policies (client_id, route_key, role, version, document)",
            stored.Policies.Select(row =>
                new object?[]
                {
                    row.ClientId,
                    row.RouteKey,
                    row.Role,
                    row.Version,
                    TableCopy.Json(row.Document),
                }
            ),
            deadline
        );
        await TableCopy.WriteAsync(
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
                    TableCopy.Json(row.Document),
                }
            ),
            deadline
        );
        await TableCopy.WriteAsync(
            context,
            "overrides (client_id, id, version, document)",
            stored.Overrides.Select(row =>
                new object?[] { row.ClientId, row.Id, row.Version, TableCopy.Json(row.Document) }
            ),
            deadline
        );
        await TableCopy.WriteAsync(
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
                        TableCopy.Json(row.Before),
                        TableCopy.Json(row.After),
                    }
                ),
            deadline
        );
        await transaction.CommitAsync(deadline.Token);
        return ImportOutcome.Copied;
    }

    // The database stores microseconds.
    private static string Text(AuditRow row) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{row.At.UtcTicks / TimeSpan.TicksPerMicrosecond} {row.Action} {row.RequestId} {row.Before} {row.After}"
        );
}

internal enum ImportOutcome
{
    Copied,

    /// <summary>The database has the same version.</summary>
    Known,

    /// <summary>The database has a later version, or the client was deleted there.</summary>
    Newer,

    /// <summary>The client was deleted from the store meanwhile.</summary>
    Gone,
}
