using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>
/// Creates a new version of a policy with the content of an old one. A deleted policy is restored. The counters are reset.
/// </summary>
/// <param name="Client">The client.</param>
/// <param name="Key">The policy to roll back.</param>
/// <param name="Version">The version to restore.</param>
/// <param name="Actor">Who rolls it back.</param>
/// <param name="Condition">The condition on the current version; null for none.</param>
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
                return (change, PolicySaved.By(change));
            },
            cancellationToken
        );
}
