using System.Runtime.CompilerServices;
using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Logs;

/// <summary>A client's decisions as they come, from every instance.</summary>
/// <param name="Client">Whose decisions.</param>
/// <param name="After">
/// The id of the last one that is known already, so that those after it come first, as far as they are still kept; 0 for
/// all that are kept; null for those from now on.
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
) : IRequest<FollowOutcome>
{
    internal bool Wants(LoggedDecision decision) => decision.Matches(UserId, RouteKey, Allowed);
}

/// <param name="Events">
/// The decisions, to be read once; they end when the caller stops reading, and until then count among those who follow.
/// Null when too many do already.
/// </param>
public sealed record FollowOutcome(IAsyncEnumerable<DecisionEvent>? Events);

/// <summary>What comes while a log is followed.</summary>
/// <param name="Id">Where to go on after it: ids grow, and need not be without gaps.</param>
public abstract record DecisionEvent(long Id);

/// <param name="Id">The decision's own id: two with the same one are the same decision.</param>
/// <param name="Decision">What was decided.</param>
public sealed record DecisionMade(long Id, LoggedDecision Decision) : DecisionEvent(Id);

/// <summary>Decisions were left out here, because they are not kept any more or the reader was too slow.</summary>
/// <param name="Id">The id of the last one left out.</param>
/// <param name="Count">
/// How many: of those that were kept the ones that fit the filters, of the others all; null when nobody knows.
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
            // What was decided before somebody asks for those from now on is none of them.
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

    /// <summary>What came after the last one that is known, up to where the buffer begins.</summary>
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
            // Whatever came after it is not kept any more.
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

    // What was cut off after it joined comes with what it joined for.
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
