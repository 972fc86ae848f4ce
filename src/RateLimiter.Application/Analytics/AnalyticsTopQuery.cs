using MediatR;
using RateLimiter.Domain;

namespace RateLimiter.Application.Analytics;

/// <summary>The users, routes or values of a subject with the most checks or denials, most first.</summary>
/// <param name="Client">The client whose checks are counted.</param>
/// <param name="Span">The span of time.</param>
/// <param name="By">What is listed.</param>
/// <param name="Of">What they are ordered by: checks or denials.</param>
/// <param name="Count">The maximum number of entries.</param>
/// <param name="Subject">The name of the subject that is listed; null unless it is one.</param>
public sealed record AnalyticsTopQuery(
    ClientId Client,
    AnalyticsSpan Span,
    TopDimension By,
    TopMetric Of,
    int Count,
    string? Subject = null
) : IRequest<TopEntries>;

internal sealed class AnalyticsTopHandler(IAnalytics analytics)
    : IRequestHandler<AnalyticsTopQuery, TopEntries>
{
    public Task<TopEntries> Handle(AnalyticsTopQuery query, CancellationToken cancellationToken) =>
        analytics.ListTopAsync(
            query.Client,
            query.Span,
            query.By,
            query.Subject,
            query.Of,
            query.Count,
            cancellationToken
        );
}
