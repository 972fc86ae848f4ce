using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>
/// Makes a new version of a policy that says what an old one said. One that was deleted comes back, with counters that
/// start afresh.
/// </summary>
/// <param name="Client">Whose policy.</param>
/// <param name="Key">Which one.</param>
/// <param name="Version">What that version said.</param>
/// <param name="Actor">Who wants it back.</param>
/// <param name="Condition">What must hold of the version that is there; null for nothing.</param>
public sealed record RollBackPolicyCommand(
    ClientId Client,
    PolicyKey Key,
    long Version,
    Actor Actor,
    VersionCondition? Condition = null
) : IRequest<PolicyOutcome>;

internal sealed class RollBackPolicyHandler(IPolicyRepository repository, PolicyWriter policies)
    : IRequestHandler<RollBackPolicyCommand, PolicyOutcome>
{
    public Task<PolicyOutcome> Handle(
        RollBackPolicyCommand command,
        CancellationToken cancellationToken
    ) =>
        policies.ChangeAsync(
            command.Client,
            command.Key,
            command.Condition ?? VersionCondition.None,
            command.Actor,
            async (head, now) =>
            {
                var versions = await repository.ListVersionsAsync(
                    command.Client,
                    command.Key,
                    before: command.Version + 1,
                    limit: 1,
                    cancellationToken
                );
                if (
                    versions is not [{ Policy: { } old } version]
                    || version.Version != command.Version
                )
                {
                    return (null, new PolicyNotFound());
                }

                var change = head.Save(
                    old.Definition.WithNewEpoch(),
                    now,
                    command.Actor,
                    AuditAction.PolicyRolledBack
                );
                return (change, new PolicySaved(change.After!));
            },
            cancellationToken
        );
}
