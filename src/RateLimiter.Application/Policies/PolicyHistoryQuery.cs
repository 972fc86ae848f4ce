using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>A page of the known versions of a policy, newest first.</summary>
/// <param name="Client">The client.</param>
/// <param name="Key">The policy, which may be deleted.</param>
/// <param name="Before">Only versions before this one; null for all.</param>
/// <param name="Limit">The maximum number of versions; 1 or more.</param>
public sealed record PolicyHistoryQuery(ClientId Client, PolicyKey Key, long? Before, int Limit)
    : IRequest<IReadOnlyList<PolicyVersion>>;

internal sealed class PolicyHistoryHandler(IPolicyRepository policies)
    : IRequestHandler<PolicyHistoryQuery, IReadOnlyList<PolicyVersion>>
{
    public Task<IReadOnlyList<PolicyVersion>> Handle(
        PolicyHistoryQuery query,
        CancellationToken cancellationToken
    ) =>
        policies.ListVersionsAsync(
            query.Client,
            query.Key,
            query.Before,
            query.Limit,
            cancellationToken
        );
}
