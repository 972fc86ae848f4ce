using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Logs;

/// <summary>The newest decisions of a client that match all given filters.</summary>
/// <param name="Client">The client.</param>
/// <param name="Count">The maximum number of entries, 1 to <see cref="MaxCount"/>.</param>
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
) : IRequest<IReadOnlyList<LogEntry>>
{
    public const int MaxCount = 1000;
}

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
                    .Where(entry =>
                        entry.Matches(query.UserId, query.RouteKey, query.Allowed, query.Subjects)
                    )
                    .Take(query.Count)
                    .ToListAsync(cancellationToken)
                    .AsTask()
            )
        );
        // The order of one log is that of its writes. Two logs have only their times in common.
        return query.WithChanges
            ?
            [
                .. logs.SelectMany(it => it)
                    .OrderByDescending(entry => entry.DecidedAt)
                    .Take(query.Count),
            ]
            : logs[0];
    }
}
