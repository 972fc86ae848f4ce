using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>A client's policies by route, then role.</summary>
/// <param name="Client">The client.</param>
/// <param name="RouteKey">Only those for this route.</param>
/// <param name="Role">Only those for this role.</param>
public sealed record ListPoliciesQuery(
    ClientId Client,
    string? RouteKey = null,
    string? Role = null
) : IRequest<PolicyList>;

/// <param name="Version">The version of the set of policies.</param>
/// <param name="Policies">By route, then role.</param>
public sealed record PolicyList(long Version, IReadOnlyList<Policy> Policies)
{
    /// <summary>All overrides, oldest first.</summary>
    public IReadOnlyList<Override> Overrides { get; init; } = [];
}

internal sealed class ListPoliciesHandler(IPolicyRepository policies)
    : IRequestHandler<ListPoliciesQuery, PolicyList>
{
    public async Task<PolicyList> Handle(
        ListPoliciesQuery query,
        CancellationToken cancellationToken
    )
    {
        var set = await policies.ListAsync(query.Client, cancellationToken);
        return new PolicyList(
            set.Version,
            [
                .. set
                    .Policies.Where(policy =>
                        (query.RouteKey is null || policy.Key.RouteKey == query.RouteKey)
                        && (query.Role is null || policy.Key.Role == query.Role)
                    )
                    .OrderBy(policy => policy.Key),
            ]
        )
        {
            Overrides =
            [
                .. set
                    .Overrides.OrderBy(it => it.CreatedAt)
                    .ThenBy(it => it.Id, StringComparer.Ordinal),
            ],
        };
    }
}
