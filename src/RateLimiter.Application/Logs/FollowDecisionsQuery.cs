using System.Runtime.CompilerServices;
using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Logs;

/// <summary>Follows a client's decisions live, from every instance.</summary>
/// <param name="Client">The client.</param>
/// <param name="After">
/// The position after the last event that the caller has; the later ones come first, as far as they are still kept. Null for
/// only those from now on, in one log or in both.
/// </param>
/// <param name="UserId">Only entries about this user.</param>
/// <param name="RouteKey">Only entries about this route.</param>
/// <param name="Allowed">Only decisions with this verdict.</param>
/// <param name="WithChanges">Whether changes of counters are followed too.</param>
/// <param name="Subjects">Only entries about all of these subjects; null for any.</param>
public sealed record FollowDecisionsQuery(
    ClientId Client,
    StreamPosition? After = null,
    string? UserId = null,
    string? RouteKey = null,
    bool? Allowed = null,
    bool WithChanges = false,
    SubjectValues? Subjects = null
) : IRequest<FollowOutcome>
{
    internal bool Wants(in LogEntry entry) => entry.Matches(UserId, RouteKey, Allowed, Subjects);
}

/// <param name="Events">
/// The events, to be enumerated once. The stream ends when the caller stops reading, and until then it counts against the
/// limits on streams. Null when too many streams are open already.
/// </param>
/// <param name="Start">The position before the first event.</param>
public sealed record FollowOutcome(
    IAsyncEnumerable<LogEvent>? Events,
    StreamPosition Start = default
);

/// <summary>An event of a followed log.</summary>
/// <param name="Log">The log.</param>
/// <param name="Id">The position in the log to continue from. Ids increase and may have gaps.</param>
public abstract record LogEvent(ClientLog Log, long Id);

/// <param name="Log">The log.</param>
/// <param name="Id">The id of the entry: two events of a log with the same id are the same entry.</param>
/// <param name="Entry">The entry.</param>
public sealed record EntryLogged(ClientLog Log, long Id, LogEntry Entry) : LogEvent(Log, Id);

/// <summary>Entries were dropped here, because they are no longer kept or the reader was too slow.</summary>
/// <param name="Log">The log.</param>
/// <param name="Id">The id of the last dropped entry.</param>
/// <param name="Count">
/// The number of dropped entries: of those that were kept, the ones that match the filters; of the others, all. Null when
/// unknown.
/// </param>
public sealed record EntriesDropped(ClientLog Log, long Id, long? Count) : LogEvent(Log, Id);

internal sealed class FollowDecisionsHandler(DecisionFollowers followers, IDecisionFeed feed)
    : IRequestHandler<FollowDecisionsQuery, FollowOutcome>
{
    public async Task<FollowOutcome> Handle(
        FollowDecisionsQuery query,
        CancellationToken cancellationToken
    )
    {
        if (!followers.TryEnter(query, out var place))
        {
            return new FollowOutcome(Events: null);
        }

        var isTaken = false;
        try
        {
            // Decisions made before this request do not belong to those from now on.
            await feed.FlushAsync(query.Client, cancellationToken);
            var (buffer, joined) = await place.JoinAsync(cancellationToken);
            var missed = new List<LogEvent>();
            foreach (var log in Enum.GetValues<ClientLog>())
            {
                if (query.After?.In(log) is { } after && joined.In(log) is { } until)
                {
                    missed.AddRange(
                        await ReadMissedAsync(query, log, after, until, cancellationToken)
                    );
                }
            }

            isTaken = true;
            return new FollowOutcome(
                FollowAsync(place, missed, buffer, CancellationToken.None),
                new StreamPosition(
                    query.After?.Decisions ?? joined.Decisions,
                    query.WithChanges ? query.After?.Changes ?? joined.Changes : null
                )
            );
        }
        finally
        {
            if (!isTaken)
            {
                place.Dispose();
            }
        }
    }

    /// <summary>The entries of a log after the last one that the caller has, up to the start of the buffer.</summary>
    private async Task<IEnumerable<LogEvent>> ReadMissedAsync(
        FollowDecisionsQuery query,
        ClientLog log,
        long after,
        long joined,
        CancellationToken cancellationToken
    )
    {
        var position = new LogPosition(after, IsBeforeAll: after == 0);
        var part = await feed.ReadAsync(query.Client, log, after, cancellationToken);
        var (events, _) = position.Continue(part, log);
        if (part.Length == 0 && after > 0)
        {
            // The entries after it are no longer kept.
            return [new EntriesDropped(log, after, Count: null)];
        }

        return events
            .Select(it => it is EntriesDropped gap ? UpTo(joined, gap) : it)
            .Where(it =>
                it switch
                {
                    EntryLogged made => made.Id <= joined && query.Wants(made.Entry),
                    EntriesDropped gap => gap.Count is null or > 0,
                    _ => true,
                }
            );
    }

    // Entries that were trimmed after the reader joined are reported through its buffer.
    private static EntriesDropped UpTo(long joined, EntriesDropped gap) =>
        gap.Id <= joined ? gap : gap with { Id = joined, Count = gap.Count - (gap.Id - joined) };

    private static async IAsyncEnumerable<LogEvent> FollowAsync(
        DecisionFollowers.Place place,
        List<LogEvent> missed,
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
