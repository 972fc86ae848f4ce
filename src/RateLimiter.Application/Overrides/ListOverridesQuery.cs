using MediatR;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Overrides;

namespace RateLimiter.Application.Overrides;

/// <summary>A client's overrides, newest first, including those that have ended.</summary>
/// <param name="Client">The client.</param>
/// <param name="Filter">Only those that meet it.</param>
public sealed record ListOverridesQuery(ClientId Client, OverrideFilter Filter)
    : IRequest<IReadOnlyList<Override>>;

/// <summary>A condition on overrides; each member that is null holds for all.</summary>
/// <param name="Subject">The subject.</param>
/// <param name="Match">The match, as it was written.</param>
/// <param name="RouteKey">The route.</param>
/// <param name="Role">The role.</param>
/// <param name="Effect">The effect.</param>
public sealed record OverrideFilter(
    string? Subject = null,
    string? Match = null,
    string? RouteKey = null,
    string? Role = null,
    OverrideEffect? Effect = null
)
{
    internal bool Includes(OverrideDefinition it) =>
        (Subject is null || it.Subject == Subject)
        && (Match is null || it.Match == Match)
        && (RouteKey is null || it.RouteKey == RouteKey)
        && (Role is null || it.Role == Role)
        && (Effect is null || it.Effect == Effect);
}

internal sealed class ListOverridesHandler(IPolicyRepository policies)
    : IRequestHandler<ListOverridesQuery, IReadOnlyList<Override>>
{
    public async Task<IReadOnlyList<Override>> Handle(
        ListOverridesQuery query,
        CancellationToken cancellationToken
    )
    {
        var set = await policies.ListAsync(query.Client, cancellationToken);
        return
        [
            .. set
                .Overrides.Where(it => query.Filter.Includes(it.Definition))
                .OrderByDescending(it => it.CreatedAt)
                .ThenByDescending(it => it.Id, StringComparer.Ordinal),
        ];
    }
}
