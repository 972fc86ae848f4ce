using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Analytics;

/// <summary>What each policy decided in a span of time, those without a check left out.</summary>
/// <param name="Client">Whose policies.</param>
/// <param name="Span">When.</param>
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
