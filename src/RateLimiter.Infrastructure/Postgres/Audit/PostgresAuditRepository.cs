using Microsoft.EntityFrameworkCore;
using RateLimiter.Application.Audit;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;
using RateLimiter.Infrastructure.Postgres.Database;

namespace RateLimiter.Infrastructure.Postgres.Audit;

internal sealed class PostgresAuditRepository(PostgresDatabase database) : IAuditRepository
{
    public Task<IReadOnlyList<AuditEntry>> ListAsync(
        ClientId client,
        AuditFilter filter,
        long? before,
        int limit,
        CancellationToken cancellationToken
    ) =>
        database.AskAsync<IReadOnlyList<AuditEntry>>(
            async (context, deadline) =>
            {
                var rows = context.Audit.AsNoTracking().Where(row => row.ClientId == client.Value);
                if (before is { } end)
                {
                    rows = rows.Where(row => row.Id < end);
                }

                if (filter.From?.ToUniversalTime() is { } from)
                {
                    rows = rows.Where(row => row.At >= from);
                }

                if (filter.To?.ToUniversalTime() is { } to)
                {
                    rows = rows.Where(row => row.At < to);
                }

                if (filter.Action?.ToName() is { } action)
                {
                    rows = rows.Where(row => row.Action == action);
                }

                var found = await rows.OrderByDescending(row => row.Id)
                    .Take(limit)
                    .ToListAsync(deadline.Token);
                return [.. found.Select(row => row.ToEntry())];
            },
            cancellationToken
        );
}
