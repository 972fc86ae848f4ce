using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Audit;

namespace RateLimiter.Application.Audit;

/// <summary>A page of a client's audit trail, newest first.</summary>
/// <param name="Client">Whose trail.</param>
/// <param name="Filter">Which entries.</param>
/// <param name="Before">Only those before the one with this id: the last of the page before.</param>
/// <param name="Limit">At most so many; 1 or more.</param>
public sealed record AuditQuery(ClientId Client, AuditFilter Filter, long? Before, int Limit)
    : IRequest<AuditPage>;

/// <param name="Entries">Newest first.</param>
/// <param name="Next">Where the next page begins; null when this is the last.</param>
public sealed record AuditPage(IReadOnlyList<AuditEntry> Entries, long? Next);

internal sealed class AuditHandler(IAuditRepository audit) : IRequestHandler<AuditQuery, AuditPage>
{
    public async Task<AuditPage> Handle(AuditQuery query, CancellationToken cancellationToken)
    {
        // One more than asked for tells whether there is a next page.
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
