using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Logs;

/// <summary>The newest decisions of a client that match all given filters.</summary>
/// <param name="Client">The client.</param>
/// <param name="Count">The maximum number of entries, 1 to 1000.</param>
/// <param name="UserId">Only entries about this user.</param>
/// <param name="RouteKey">Only entries about this route.</param>
/// <param name="Allowed">Only decisions with this verdict.</param>
/// <param name="WithChanges">Whether changes of counters are among the entries.</param>
/// <param name="Subjects">Only entries about all of these subjects; null for any.</param>
public sealed record LatestDecisionsQuery(
    ClientId Client,
    int Count,
    string? UserId = null,
    string? RouteKey = null,
    bool? Allowed = null,
    bool WithChanges = false,
    SubjectValues? Subjects = null
) : IRequest<IReadOnlyList<LogEntry>>;

internal sealed class LatestDecisionsHandler(IDecisionLog log)
    : IRequestHandler<LatestDecisionsQuery, IReadOnlyList<LogEntry>>
{
    public async Task<IReadOnlyList<LogEntry>> Handle(
        LatestDecisionsQuery query,
        CancellationToken cancellationToken
    )
    {
        var logs = await Task.WhenAll(
            (query.WithChanges ? Enum.GetValues<ClientLog>() : [ClientLog.Decisions]).Select(it =>
                log.ReadAsync(query.Client, it, cancellationToken)
            )
        );
        var entries = logs.SelectMany(it => it)
            .Where(entry =>
                entry.Matches(query.UserId, query.RouteKey, query.Allowed, query.Subjects)
            );
        return
        [
            // The order of one log is that of its writes. Two logs have only their times in common.
            .. (
                query.WithChanges ? entries.OrderByDescending(entry => entry.DecidedAt) : entries
            ).Take(query.Count),
        ];
    }
}
