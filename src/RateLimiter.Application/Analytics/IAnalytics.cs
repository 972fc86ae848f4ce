using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Analytics;

/// <summary>Counts of a client's checks, by decision.</summary>
public interface IAnalytics
{
    /// <summary>
    /// Counts a decision. Neither blocks nor fails: the count is written later, batched with many others.
    /// </summary>
    /// <param name="client">The client whose check was decided.</param>
    /// <param name="policy">The policy that decided.</param>
    /// <param name="decision">The decision.</param>
    /// <param name="took">How long the decision took, including the store.</param>
    void Record(ClientId client, Policy policy, LogEntry decision, TimeSpan took);

    /// <summary>The figures of a span of time, with everything recorded on this instance before the call.</summary>
    /// <exception cref="StoreUnavailableException">The counts cannot be read.</exception>
    Task<AnalyticsSummary> SummarizeAsync(
        ClientId client,
        AnalyticsSpan span,
        CancellationToken cancellationToken
    );

    /// <summary>One element for each bucket of the span, oldest first, including buckets without checks.</summary>
    /// <param name="client">The client whose checks are counted.</param>
    /// <param name="span">The span of time.</param>
    /// <param name="bucket">The length of each bucket.</param>
    /// <param name="routeKey">Only checks of this route.</param>
    /// <param name="role">Only checks decided by a policy of this role.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="StoreUnavailableException">The counts cannot be read.</exception>
    Task<IReadOnlyList<AnalyticsBucket>> ListBucketsAsync(
        ClientId client,
        AnalyticsSpan span,
        BucketSize bucket,
        string? routeKey,
        string? role,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// The users, routes or values of a subject with the most checks or denials in the hours that overlap the span, most first.
    /// Those beyond the number that is counted separately are not listed.
    /// </summary>
    /// <param name="client">The client whose checks are counted.</param>
    /// <param name="span">The span of time.</param>
    /// <param name="by">What is listed.</param>
    /// <param name="subject">The name of the subject that is listed; null unless it is one.</param>
    /// <param name="measure">What they are ordered by.</param>
    /// <param name="count">The maximum number of entries.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="StoreUnavailableException">The counts cannot be read.</exception>
    Task<TopEntries> ListTopAsync(
        ClientId client,
        AnalyticsSpan span,
        TopDimension by,
        string? subject,
        TopMetric measure,
        int count,
        CancellationToken cancellationToken
    );

    /// <summary>The counts of each policy. Policies without checks are omitted.</summary>
    /// <exception cref="StoreUnavailableException">The counts cannot be read.</exception>
    Task<IReadOnlyDictionary<PolicyKey, Tally>> TallyPoliciesAsync(
        ClientId client,
        AnalyticsSpan span,
        CancellationToken cancellationToken
    );
}

/// <param name="Checks">All decided checks: allowed and denied.</param>
/// <param name="Allowed">Decided with <c>allowed: true</c>.</param>
/// <param name="Denied">Decided with <c>allowed: false</c>.</param>
/// <param name="ShadowDenied">The allowed checks that a policy in shadow mode would have denied.</param>
/// <param name="Degraded">The checks of all kinds that were decided without the store.</param>
public readonly record struct Tally(
    long Checks,
    long Allowed,
    long Denied,
    long ShadowDenied,
    long Degraded
)
{
    public static Tally operator +(Tally left, Tally right) =>
        new(
            left.Checks + right.Checks,
            left.Allowed + right.Allowed,
            left.Denied + right.Denied,
            left.ShadowDenied + right.ShadowDenied,
            left.Degraded + right.Degraded
        );
}

/// <param name="Tally">The counts.</param>
/// <param name="DistinctUsers">
/// The number of users that were checked in the hours that overlap the span; an estimate, mostly within 2 %.
/// </param>
/// <param name="MedianTime">
/// The median time of the decisions of these hours, within 7 %; null when there were none.
/// </param>
/// <param name="Percentile99Time">The 99th percentile of the same times.</param>
/// <param name="Span">
/// The span that the counts cover: the requested span in whole minutes, or in whole hours when it starts before the time for
/// which minutes are kept.
/// </param>
public sealed record AnalyticsSummary(
    Tally Tally,
    long DistinctUsers,
    TimeSpan? MedianTime,
    TimeSpan? Percentile99Time,
    AnalyticsSpan Span = default
);

/// <param name="Start">The start of the bucket.</param>
/// <param name="Tally">The counts of its checks.</param>
public readonly record struct AnalyticsBucket(DateTimeOffset Start, Tally Tally);

/// <param name="Entries">The entries, most first; those with a count of 0 are omitted.</param>
/// <param name="Other">
/// The checks or denials of all that are not among the entries, so that the sum is exact; null for users, some of whom may not be
/// kept.
/// </param>
public sealed record TopEntries(IReadOnlyList<TopEntry> Entries, long? Other);

/// <param name="Name">The user's id, the route's key, or the value of the subject.</param>
/// <param name="Count">The number of checks or denials.</param>
public readonly record struct TopEntry(string Name, long Count);

/// <summary>What a top list lists.</summary>
public enum TopDimension
{
    User,
    Route,

    /// <summary>
    /// A subject beside the user, such as an organisation. Checks are counted that name it, under policies of which a limit has it.
    /// </summary>
    Subject,
}

/// <summary>What a top list is ordered by.</summary>
public enum TopMetric
{
    Checks,
    Denied,
}
