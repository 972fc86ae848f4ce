using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;

namespace RateLimiter.Application.Audit;

/// <summary>
/// Where audit trails are read. They are written with what they tell of, in one step. Every member throws
/// <see cref="StoreUnavailableException"/>.
/// </summary>
public interface IAuditRepository
{
    /// <summary>Entries of a client's trail, newest first.</summary>
    /// <param name="client">The client.</param>
    /// <param name="filter">Which of them.</param>
    /// <param name="before">Only those before the one with this id; null for all.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<IReadOnlyList<AuditEntry>> ListAsync(
        ClientId client,
        AuditFilter filter,
        long? before,
        int limit,
        CancellationToken cancellationToken
    );
}

/// <param name="From">From this moment on; null for the beginning.</param>
/// <param name="To">Before this moment; null for the end.</param>
/// <param name="Action">Of this kind; null for all.</param>
public sealed record AuditFilter(
    DateTimeOffset? From = null,
    DateTimeOffset? To = null,
    AuditAction? Action = null
)
{
    public bool Includes(AuditRecord record) =>
        !(record.At < From) && !(record.At >= To) && (Action is null || Action == record.Action);
}
