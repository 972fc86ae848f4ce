using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;

namespace RateLimiter.Application.Audit;

/// <summary>A page of a client's audit trail, newest first.</summary>
/// <param name="Client">The client.</param>
/// <param name="Filter">Selects the entries.</param>
/// <param name="Before">Only entries before the one with this id, which is the last of the previous page.</param>
/// <param name="Limit">The maximum number of entries; 1 or more.</param>
public sealed record AuditQuery(ClientId Client, AuditFilter Filter, long? Before, int Limit)
    : IRequest<AuditPage>;

/// <param name="Entries">Newest first.</param>
/// <param name="Next">The value of <c>Before</c> for the next page; null when this is the last page.</param>
public sealed record AuditPage(IReadOnlyList<AuditEntry> Entries, long? Next);

internal sealed class AuditHandler(IAuditRepository audit) : IRequestHandler<AuditQuery, AuditPage>
{
    public async Task<AuditPage> Handle(AuditQuery query, CancellationToken cancellationToken)
    {
        // One entry more than requested shows whether there is a next page.
        var entries = await audit.ListAsync(
            query.Client,
            query.Filter,
            query.Before,
            query.Limit + 1,
            cancellationToken
        );
        return entries.Count > query.Limit
            ? new AuditPage([.. entries.Take(query.Limit)], entries[query.Limit - 1].Id)
            : new AuditPage(entries, null);
    }
}
