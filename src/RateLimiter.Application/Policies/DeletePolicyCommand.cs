using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>Deletes a policy with its counters: a policy that is created again starts with new ones.</summary>
/// <param name="Client">The client.</param>
/// <param name="Key">The policy to delete.</param>
/// <param name="Actor">Who deletes it.</param>
/// <param name="Condition">The condition on the current version; null for none.</param>
public sealed record DeletePolicyCommand(
    ClientId Client,
    PolicyKey Key,
    Actor Actor,
    VersionCondition? Condition = null
) : IRequest<PolicyOutcome>;

internal sealed class DeletePolicyHandler(PolicyWriter policies)
    : IRequestHandler<DeletePolicyCommand, PolicyOutcome>
{
    public Task<PolicyOutcome> Handle(
        DeletePolicyCommand command,
        CancellationToken cancellationToken
    ) =>
        policies.ChangeAsync(
            command.Client,
            command.Key,
            command.Condition ?? VersionCondition.None,
            command.Actor,
            (head, _) =>
                Task.FromResult<(PolicyChange?, PolicyOutcome)>(
                    head.Policy is null
                        ? (null, new PolicyNotFound())
                        : (head.Delete(), new PolicyDeleted())
                ),
            cancellationToken
        );
}
