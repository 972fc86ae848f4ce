using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Analytics;

/// <summary>The counts of each policy in a span of time. Policies without checks are omitted.</summary>
/// <param name="Client">The client whose policies are counted.</param>
/// <param name="Span">The span of time.</param>
public sealed record PolicyTalliesQuery(ClientId Client, AnalyticsSpan Span)
    : IRequest<IReadOnlyDictionary<PolicyKey, Tally>>;

internal sealed class PolicyTalliesHandler(IAnalytics analytics)
    : IRequestHandler<PolicyTalliesQuery, IReadOnlyDictionary<PolicyKey, Tally>>
{
    public Task<IReadOnlyDictionary<PolicyKey, Tally>> Handle(
        PolicyTalliesQuery query,
        CancellationToken cancellationToken
    ) => analytics.TallyPoliciesAsync(query.Client, query.Span, cancellationToken);
}
