using MediatR;
using RateLimiter.Domain;

namespace RateLimiter.Application.Analytics;

/// <summary>The users or routes with the most checks or denials, most first.</summary>
/// <param name="Client">The client whose checks are counted.</param>
/// <param name="Span">The span of time.</param>
/// <param name="By">What is listed: users or routes.</param>
/// <param name="Of">What they are ordered by: checks or denials.</param>
/// <param name="Count">The maximum number of entries.</param>
public sealed record AnalyticsTopQuery(
    ClientId Client,
    AnalyticsSpan Span,
    TopDimension By,
    TopMetric Of,
    int Count
) : IRequest<IReadOnlyList<TopEntry>>;

internal sealed class AnalyticsTopHandler(IAnalytics analytics)
    : IRequestHandler<AnalyticsTopQuery, IReadOnlyList<TopEntry>>
{
    public Task<IReadOnlyList<TopEntry>> Handle(
        AnalyticsTopQuery query,
        CancellationToken cancellationToken
    ) =>
        analytics.ListTopAsync(
            query.Client,
            query.Span,
            query.By,
            query.Of,
            query.Count,
            cancellationToken
        );
}
