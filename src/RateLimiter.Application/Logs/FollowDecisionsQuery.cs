using System.Runtime.CompilerServices;
using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Logs;

/// <summary>Follows a client's decisions live, from every instance.</summary>
/// <param name="Client">The client.</param>
/// <param name="After">
/// The id of the last decision that the caller has; the later ones come first, as far as they are still kept. 0 for all that
/// are kept; null for only those from now on.
/// </param>
/// <param name="UserId">Only decisions about this user.</param>
/// <param name="RouteKey">Only decisions about this route.</param>
/// <param name="Allowed">Only decisions with this verdict.</param>
public sealed record FollowDecisionsQuery(
    ClientId Client,
    long? After = null,
    string? UserId = null,
    string? RouteKey = null,
    bool? Allowed = null
) : IRequest<FollowOutcome>
{
    internal bool Wants(LoggedDecision decision) => decision.Matches(UserId, RouteKey, Allowed);
}

/// <param name="Events">
/// The decisions, to be enumerated once. The stream ends when the caller stops reading, and until then it counts against the
/// limits on streams. Null when too many streams are open already.
/// </param>
public sealed record FollowOutcome(IAsyncEnumerable<DecisionEvent>? Events);

/// <summary>An event of a followed log.</summary>
/// <param name="Id">The position to continue from. Ids increase and may have gaps.</param>
public abstract record DecisionEvent(long Id);

/// <param name="Id">The id of the decision: two events with the same id are the same decision.</param>
/// <param name="Decision">The decision.</param>
public sealed record DecisionMade(long Id, LoggedDecision Decision) : DecisionEvent(Id);

/// <summary>Decisions were dropped here, because they are no longer kept or the reader was too slow.</summary>
/// <param name="Id">The id of the last dropped decision.</param>
/// <param name="Count">
/// The number of dropped decisions: of those that were kept, the ones that match the filters; of the others, all. Null when
/// unknown.
/// </param>
public sealed record DecisionsDropped(long Id, long? Count) : DecisionEvent(Id);

internal sealed class FollowDecisionsHandler(DecisionFollowers followers, IDecisionFeed feed)
    : IRequestHandler<FollowDecisionsQuery, FollowOutcome>
{
    public async Task<FollowOutcome> Handle(
        FollowDecisionsQuery query,
        CancellationToken cancellationToken
    )
    {
        if (!followers.TryEnter(query.Client, out var place))
        {
            return new FollowOutcome(Events: null);
        }

        var isTaken = false;
        try
        {
            // Decisions made before this request do not belong to those from now on.
            await feed.FlushAsync(query.Client, cancellationToken);
            var (buffer, joined) = await place.JoinAsync(query, cancellationToken);
            var missed = query.After is { } after
                ? await ReadMissedAsync(query, after, joined, cancellationToken)
                : [];
            isTaken = true;
            return new FollowOutcome(FollowAsync(place, missed, buffer, CancellationToken.None));
        }
        finally
        {
            if (!isTaken)
            {
                place.Dispose();
            }
        }
    }

    /// <summary>The decisions after the last one that the caller has, up to the start of the buffer.</summary>
    private async Task<List<DecisionEvent>> ReadMissedAsync(
        FollowDecisionsQuery query,
        long after,
        long joined,
        CancellationToken cancellationToken
    )
    {
        var position = new LogPosition(after, IsBeforeAll: after == 0);
        var part = await feed.ReadAsync(query.Client, after, cancellationToken);
        var (events, _) = position.Continue(part);
        if (part.Length == 0 && after > 0)
        {
            // The decisions after it are no longer kept.
            return [new DecisionsDropped(after, Count: null)];
        }

        return
        [
            .. events
                .Select(it => it is DecisionsDropped gap ? UpTo(joined, gap) : it)
                .Where(it =>
                    it switch
                    {
                        DecisionMade made => made.Id <= joined && query.Wants(made.Decision),
                        DecisionsDropped gap => gap.Count is null or > 0,
                        _ => true,
                    }
                ),
        ];
    }

    // Decisions that were trimmed after the reader joined are reported through its buffer.
    private static DecisionsDropped UpTo(long joined, DecisionsDropped gap) =>
        gap.Id <= joined ? gap : new DecisionsDropped(joined, gap.Count - (gap.Id - joined));

    private static async IAsyncEnumerable<DecisionEvent> FollowAsync(
        DecisionFollowers.Place place,
        List<DecisionEvent> missed,
        DecisionBuffer buffer,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        using (place)
        {
            foreach (var it in missed)
            {
                yield return it;
            }

            while (true)
            {
                yield return await buffer.TakeAsync(cancellationToken);
            }
        }
    }
}
