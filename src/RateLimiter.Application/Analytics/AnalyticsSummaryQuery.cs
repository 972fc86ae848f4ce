using MediatR;
using RateLimiter.Domain;

namespace RateLimiter.Application.Analytics;

/// <summary>The figures of a span of time.</summary>
/// <param name="Client">The client whose checks are counted.</param>
/// <param name="Span">The span of time.</param>
public sealed record AnalyticsSummaryQuery(ClientId Client, AnalyticsSpan Span)
    : IRequest<AnalyticsSummary>;

internal sealed class AnalyticsSummaryHandler(IAnalytics analytics)
    : IRequestHandler<AnalyticsSummaryQuery, AnalyticsSummary>
{
    public Task<AnalyticsSummary> Handle(
        AnalyticsSummaryQuery query,
        CancellationToken cancellationToken
    ) => analytics.SummarizeAsync(query.Client, query.Span, cancellationToken);
}
