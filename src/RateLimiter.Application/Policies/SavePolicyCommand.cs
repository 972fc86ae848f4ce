using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>Creates a policy, or replaces the current one for the same route and role.</summary>
/// <param name="Client">The client.</param>
/// <param name="Definition">The new definition.</param>
/// <param name="Actor">Who saves it.</param>
/// <param name="Condition">The condition on the current version; null for none.</param>
public sealed record SavePolicyCommand(
    ClientId Client,
    PolicyDefinition Definition,
    Actor Actor,
    VersionCondition? Condition = null
) : IRequest<PolicyOutcome>;

internal sealed class SavePolicyHandler(PolicyWriter policies)
    : IRequestHandler<SavePolicyCommand, PolicyOutcome>
{
    public Task<PolicyOutcome> Handle(
        SavePolicyCommand command,
        CancellationToken cancellationToken
    ) =>
        policies.ChangeAsync(
            command.Client,
            command.Definition.Key,
            command.Condition ?? VersionCondition.None,
            command.Actor,
            (head, now) =>
            {
                var change = head.Save(command.Definition, now, command.Actor);
                return Task.FromResult<(PolicyChange?, PolicyOutcome)>(
                    (change, PolicySaved.By(change))
                );
            },
            cancellationToken
        );
}
