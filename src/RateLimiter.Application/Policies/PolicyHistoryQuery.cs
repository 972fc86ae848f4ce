using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>A page of the versions of a policy that are still known, newest first.</summary>
/// <param name="Client">Whose policy.</param>
/// <param name="Key">Which one; it may be deleted.</param>
/// <param name="Before">Only versions before this one; null for all.</param>
/// <param name="Limit">At most so many; 1 or more.</param>
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
