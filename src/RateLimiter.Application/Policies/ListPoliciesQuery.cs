using MediatR;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>A client's policies by route, then role.</summary>
/// <param name="Client">Whose policies.</param>
/// <param name="RouteKey">Only those for this route.</param>
/// <param name="Role">Only those for this role.</param>
public sealed record ListPoliciesQuery(
    ClientId Client,
    string? RouteKey = null,
    string? Role = null
) : IRequest<IReadOnlyList<Policy>>;

internal sealed class ListPoliciesHandler(IPolicyRepository policies)
    : IRequestHandler<ListPoliciesQuery, IReadOnlyList<Policy>>
{
    public async Task<IReadOnlyList<Policy>> Handle(
        ListPoliciesQuery query,
        CancellationToken cancellationToken
    )
    {
        var all = await policies.ListAsync(query.Client, cancellationToken);
        return
        [
            .. all.Where(policy =>
                    (query.RouteKey is null || policy.Key.RouteKey == query.RouteKey)
                    && (query.Role is null || policy.Key.Role == query.Role)
                )
                .OrderBy(policy => policy.Key),
        ];
    }
}
