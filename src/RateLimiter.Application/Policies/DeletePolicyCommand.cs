using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>Deletes a policy. Its counters go with it: a policy made anew starts with other ones.</summary>
/// <param name="Client">Whose policy.</param>
/// <param name="Key">Which one.</param>
/// <param name="Actor">Who deletes it.</param>
/// <param name="Condition">What must hold of the version that is there; null for nothing.</param>
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
