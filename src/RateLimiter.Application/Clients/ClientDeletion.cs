using RateLimiter.Domain;

namespace RateLimiter.Application.Clients;

/// <summary>A deletion of a client that is under way.</summary>
/// <param name="Client">The client.</param>
/// <param name="NotedAt">When it was noted how far it has come, UTC, to the millisecond.</param>
/// <param name="Deleted">What is deleted so far.</param>
/// <param name="Actor">Who wants it deleted.</param>
public sealed record ClientDeletion(
    ClientId Client,
    DateTimeOffset NotedAt,
    DeletionSummary Deleted,
    Actor Actor
);

/// <summary>How much belongs to a client, or did.</summary>
public sealed record DeletionSummary(long Policies, long Keys, long LogEntries, long Counters)
{
    public static readonly DeletionSummary None = new(0, 0, 0, 0);

    public static DeletionSummary operator +(DeletionSummary left, DeletionSummary right) =>
        new(
            left.Policies + right.Policies,
            left.Keys + right.Keys,
            left.LogEntries + right.LogEntries,
            left.Counters + right.Counters
        );
}
