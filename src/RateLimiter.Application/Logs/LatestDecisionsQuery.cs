using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Logs;

/// <summary>The newest decisions of a client that match all given filters.</summary>
/// <param name="Client">The client.</param>
/// <param name="Count">The maximum number of decisions, 1 to 1000.</param>
/// <param name="UserId">Only decisions about this user.</param>
/// <param name="RouteKey">Only decisions about this route.</param>
/// <param name="Allowed">Only decisions with this verdict.</param>
public sealed record LatestDecisionsQuery(
    ClientId Client,
    int Count,
    string? UserId = null,
    string? RouteKey = null,
    bool? Allowed = null
) : IRequest<IReadOnlyList<LoggedDecision>>;

internal sealed class LatestDecisionsHandler(IDecisionLog log)
    : IRequestHandler<LatestDecisionsQuery, IReadOnlyList<LoggedDecision>>
{
    public async Task<IReadOnlyList<LoggedDecision>> Handle(
        LatestDecisionsQuery query,
        CancellationToken cancellationToken
    )
    {
        var decisions = await log.ReadAsync(query.Client, cancellationToken);
        return
        [
            .. decisions
                .Where(decision => decision.Matches(query.UserId, query.RouteKey, query.Allowed))
                .Take(query.Count),
        ];
    }
}
