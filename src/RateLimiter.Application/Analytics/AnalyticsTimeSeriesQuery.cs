using MediatR;
using RateLimiter.Domain;

namespace RateLimiter.Application.Analytics;

/// <summary>The figures of each minute or hour of a span of time, oldest first.</summary>
/// <param name="Client">The client whose checks are counted.</param>
/// <param name="Span">The span of time.</param>
/// <param name="Bucket">The length of each bucket.</param>
/// <param name="RouteKey">Only checks of this route.</param>
/// <param name="Role">Only checks decided by a policy of this role.</param>
public sealed record AnalyticsTimeSeriesQuery(
    ClientId Client,
    AnalyticsSpan Span,
    BucketSize Bucket,
    string? RouteKey = null,
    string? Role = null
) : IRequest<IReadOnlyList<AnalyticsBucket>>;

internal sealed class AnalyticsTimeSeriesHandler(IAnalytics analytics)
    : IRequestHandler<AnalyticsTimeSeriesQuery, IReadOnlyList<AnalyticsBucket>>
{
    public Task<IReadOnlyList<AnalyticsBucket>> Handle(
        AnalyticsTimeSeriesQuery query,
        CancellationToken cancellationToken
    ) =>
        analytics.ListBucketsAsync(
            query.Client,
            query.Span,
            query.Bucket,
            query.RouteKey,
            query.Role,
            cancellationToken
        );
}
