using RateLimiter.Domain;

namespace RateLimiter.Application.Clients;

/// <summary>A client deletion in progress.</summary>
/// <param name="Client">The client.</param>
/// <param name="NotedAt">When its progress was last recorded, UTC, to the millisecond.</param>
/// <param name="Deleted">What has been deleted so far.</param>
/// <param name="Actor">Who requested the deletion.</param>
public sealed record ClientDeletion(
    ClientId Client,
    DateTimeOffset NotedAt,
    DeletionSummary Deleted,
    Actor Actor
);

/// <summary>The numbers of a client's deleted objects.</summary>
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
