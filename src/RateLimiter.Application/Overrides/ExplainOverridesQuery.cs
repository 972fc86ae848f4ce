using MediatR;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Overrides;

namespace RateLimiter.Application.Overrides;

/// <summary>The overrides that match a check, in the order in which they decide, and which of them does.</summary>
/// <param name="Client">The client, with its overrides.</param>
/// <param name="Usage">Who and what the check is for.</param>
public sealed record ExplainOverridesQuery(ClientSnapshot Client, UsageKey Usage)
    : IRequest<IReadOnlyList<ConsideredOverride>>;

/// <param name="Override">An override that matches.</param>
/// <param name="HasEnded">Whether it has ended.</param>
/// <param name="Decides">Whether it decides: the first that has not ended.</param>
public sealed record ConsideredOverride(Override Override, bool HasEnded, bool Decides);

internal sealed class ExplainOverridesHandler(TimeProvider time)
    : IRequestHandler<ExplainOverridesQuery, IReadOnlyList<ConsideredOverride>>
{
    public Task<IReadOnlyList<ConsideredOverride>> Handle(
        ExplainOverridesQuery query,
        CancellationToken cancellationToken
    )
    {
        var now = time.GetUtcNow();
        var matching = query.Client.Overrides.List(query.Usage.ToOverrideQuery());
        var decides = matching.FirstOrDefault(it => it.AppliesAt(now));
        return Task.FromResult<IReadOnlyList<ConsideredOverride>>([
            .. matching.Select(it => new ConsideredOverride(
                it,
                !it.AppliesAt(now),
                ReferenceEquals(it, decides)
            )),
        ]);
    }
}
