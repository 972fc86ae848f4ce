using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
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

    /// <summary>
    /// The users or routes with the most checks or denials in the hours that the span touches, most first. Of routes and
    /// roles that are too many to be told apart there is none.
    /// </summary>
    /// <exception cref="StoreUnavailableException">They cannot be read.</exception>
    Task<IReadOnlyList<TopEntry>> ListTopAsync(
        ClientId client,
        AnalyticsSpan span,
        TopDimension by,
        TopMetric measure,
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
/// How many users were asked about in the hours that the span touches; an estimate, mostly within 2 %.
/// </param>
/// <param name="MedianTime">
/// The time half of the decisions of these hours took at most, within 7 %; null without one.
/// </param>
/// <param name="Percentile99Time">The same for 99 of 100 decisions.</param>
/// <param name="Span">
/// What the counts are of: the whole minutes that were asked for, or hours where it goes back further than minutes are
/// kept.
/// </param>
public sealed record AnalyticsSummary(
    Tally Tally,
    long DistinctUsers,
    TimeSpan? MedianTime,
    TimeSpan? Percentile99Time,
    AnalyticsSpan Span = default
);

/// <param name="Start">When it begins.</param>
/// <param name="Tally">What was decided in it.</param>
public readonly record struct AnalyticsBucket(DateTimeOffset Start, Tally Tally);

/// <param name="Name">The user's id, or the route's key.</param>
/// <param name="Count">How many.</param>
public readonly record struct TopEntry(string Name, long Count);

/// <summary>What a list of the first is made of.</summary>
public enum TopDimension
{
    User,
    Route,
}

/// <summary>What a list of the first is ordered by.</summary>
public enum TopMetric
{
    Checks,
    Denied,
}
