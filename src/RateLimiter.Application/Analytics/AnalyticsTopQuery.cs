using MediatR;
using RateLimiter.Domain;

namespace RateLimiter.Application.Analytics;

/// <summary>The users or routes with the most checks or denials, most first.</summary>
/// <param name="Client">Whose checks.</param>
/// <param name="Span">Which.</param>
/// <param name="By">Users or routes.</param>
/// <param name="Of">Checks or denials.</param>
/// <param name="Count">How many at most.</param>
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
