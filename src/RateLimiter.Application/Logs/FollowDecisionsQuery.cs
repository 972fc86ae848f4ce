using MediatR;
using RateLimiter.Domain.Clients;

namespace RateLimiter.Application.Logs;

/// <summary>A client's decisions as they come, from every instance.</summary>
/// <param name="Client">Whose decisions.</param>
/// <param name="After">
/// The id of the last one that is known already, so that those after it come first, as far as they are still kept; null
/// for those from now on.
/// </param>
/// <param name="UserId">Only about this user.</param>
/// <param name="RouteKey">Only about this route.</param>
/// <param name="Allowed">Only with this verdict.</param>
public sealed record FollowDecisionsQuery(
    ClientId Client,
    long? After = null,
    string? UserId = null,
    string? RouteKey = null,
    bool? Allowed = null
) : IRequest<FollowOutcome>;

/// <param name="Events">The decisions; ends when the caller stops reading. Null when too many are followed already.</param>
public sealed record FollowOutcome(IAsyncEnumerable<DecisionEvent>? Events);

/// <summary>What comes while a log is followed.</summary>
/// <param name="Id">Where to go on after it: ids grow, and need not be without gaps.</param>
public abstract record DecisionEvent(long Id);

/// <param name="Id">The decision's own id: two with the same one are the same decision.</param>
/// <param name="Decision">What was decided.</param>
public sealed record DecisionMade(long Id, LoggedDecision Decision) : DecisionEvent(Id);

/// <summary>Decisions were left out here, because they are not kept any more or the reader was too slow.</summary>
/// <param name="Id">The id of the last one left out.</param>
/// <param name="Count">How many, before any filter.</param>
public sealed record DecisionsLeftOut(long Id, long Count) : DecisionEvent(Id);
