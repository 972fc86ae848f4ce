using RateLimiter.Application.Logs;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Analytics;

/// <summary>How many checks of a client were decided, and how.</summary>
public interface IAnalytics
{
    /// <summary>
    /// Counts a decision. Neither waits nor fails: it is written later, with many others.
    /// </summary>
    /// <param name="client">Whose check.</param>
    /// <param name="policy">The policy that decided.</param>
    /// <param name="decision">What was decided.</param>
    /// <param name="took">How long it took, the store included.</param>
    void Record(ClientId client, PolicyKey policy, LoggedDecision decision, TimeSpan took);

    /// <summary>The figures of a span of time, with everything recorded on this instance before the call.</summary>
    /// <exception cref="StoreUnavailableException">They cannot be read.</exception>
    Task<AnalyticsSummary> SummarizeAsync(
        ClientId client,
        AnalyticsSpan span,
        CancellationToken cancellationToken
    );

    /// <summary>One element for each bucket of the span, oldest first, those without a check included.</summary>
    /// <param name="client">Whose checks.</param>
    /// <param name="span">Which.</param>
    /// <param name="bucket">How long each is.</param>
    /// <param name="routeKey">Only checks of this route.</param>
    /// <param name="role">Only checks decided by a policy of this role.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StoreUnavailableException">They cannot be read.</exception>
    Task<IReadOnlyList<AnalyticsBucket>> ListBucketsAsync(
        ClientId client,
        AnalyticsSpan span,
        BucketSize bucket,
        string? routeKey,
        string? role,
        CancellationToken cancellationToken
    );

    /// <summary>The users or routes with the most checks or denials, most first.</summary>
    /// <exception cref="StoreUnavailableException">They cannot be read.</exception>
    Task<IReadOnlyList<TopEntry>> ListTopAsync(
        ClientId client,
        AnalyticsSpan span,
        TopBy by,
        TopOf of,
        int count,
        CancellationToken cancellationToken
    );

    /// <summary>What each policy decided, those without a check left out.</summary>
    /// <exception cref="StoreUnavailableException">They cannot be read.</exception>
    Task<IReadOnlyDictionary<PolicyKey, Tally>> TallyPoliciesAsync(
        ClientId client,
        AnalyticsSpan span,
        CancellationToken cancellationToken
    );
}

/// <param name="From">From when on; a bucket that it falls into counts in full.</param>
/// <param name="To">Until when; a bucket that begins then or later does not count.</param>
public readonly record struct AnalyticsSpan(DateTimeOffset From, DateTimeOffset To);

/// <param name="Checks">All that were decided: those allowed and those denied.</param>
/// <param name="Allowed">With <c>allowed: true</c>.</param>
/// <param name="Denied">With <c>allowed: false</c>.</param>
/// <param name="ShadowDenied">Of those allowed, those that a policy in shadow mode would have denied.</param>
/// <param name="Degraded">Of all, those decided without the store.</param>
public readonly record struct Tally(
    long Checks,
    long Allowed,
    long Denied,
    long ShadowDenied,
    long Degraded
);

/// <param name="Tally">The counts.</param>
/// <param name="DistinctUsers">How many users were asked about; an estimate, mostly within 2 %.</param>
/// <param name="MedianTime">The time half of the decisions took at most; null without one.</param>
/// <param name="Percentile99Time">The time 99 of 100 decisions took at most; null without one.</param>
public sealed record AnalyticsSummary(
    Tally Tally,
    long DistinctUsers,
    TimeSpan? MedianTime,
    TimeSpan? Percentile99Time
);

/// <param name="Start">When it begins.</param>
/// <param name="Tally">What was decided in it.</param>
public readonly record struct AnalyticsBucket(DateTimeOffset Start, Tally Tally);

/// <summary>How long a bucket is.</summary>
public enum BucketSize
{
    Minute,
    Hour,
}

/// <param name="Name">The user's id, or the route's key.</param>
/// <param name="Count">How many.</param>
public readonly record struct TopEntry(string Name, long Count);

/// <summary>What a list of the first is made of.</summary>
public enum TopBy
{
    User,
    Route,
}

/// <summary>What a list of the first is ordered by.</summary>
public enum TopOf
{
    Checks,
    Denied,
}
