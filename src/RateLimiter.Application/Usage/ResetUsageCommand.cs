using MediatR;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Usage;

/// <summary>Forgets what a user has used under the policy that applies to a route and role.</summary>
/// <param name="Client">The client that asks.</param>
/// <param name="UserId">The user; <c>*</c> is a user like any other.</param>
/// <param name="RouteKey">The route.</param>
/// <param name="Role">The user's role.</param>
/// <param name="Waited">How long the store was waited for, to find out who asks.</param>
public sealed record ResetUsageCommand(
    ClientSnapshot Client,
    string UserId,
    string RouteKey,
    string Role,
    TimeSpan Waited = default
) : IRequest<bool>;

/// <summary>Answers false when no policy applies.</summary>
internal sealed class ResetUsageHandler(ICounterStore counters, StoreFallback fallback)
    : IRequestHandler<ResetUsageCommand, bool>
{
    public async Task<bool> Handle(ResetUsageCommand command, CancellationToken cancellationToken)
    {
        if (command.Client.Policies.Resolve(command.RouteKey, command.Role) is not { } policy)
        {
            return false;
        }

        var request = PermitRequest.For(
            command.Client.Id,
            policy,
            command.UserId,
            command.RouteKey,
            cost: 0,
            command.Waited
        );
        await counters.ResetAsync(request, cancellationToken);
        fallback.Reset(request);
        return true;
    }
}
