using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;

namespace RateLimiter.Application.Audit;

/// <summary>
/// Reads audit trails. An entry is written together with the change that it describes, in one atomic step. Every member
/// throws <see cref="StoreUnavailableException"/>.
/// </summary>
public interface IAuditRepository
{
    /// <summary>Entries of a client's trail, newest first.</summary>
    /// <param name="client">The client.</param>
    /// <param name="filter">Selects the entries.</param>
    /// <param name="before">Only entries before the one with this id; null for all.</param>
    /// <param name="limit">The maximum number of entries.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<IReadOnlyList<AuditEntry>> ListAsync(
        ClientId client,
        AuditFilter filter,
        long? before,
        int limit,
        CancellationToken cancellationToken
    );
}

/// <param name="From">The earliest time, inclusive; null for no bound.</param>
/// <param name="To">The latest time, exclusive; null for no bound.</param>
/// <param name="Action">Only this kind of change; null for all.</param>
public sealed record AuditFilter(
    DateTimeOffset? From = null,
    DateTimeOffset? To = null,
    AuditAction? Action = null
)
{
    public bool Includes(AuditRecord record) =>
        !(record.At < From) && !(record.At >= To) && (Action is null || Action == record.Action);
}
