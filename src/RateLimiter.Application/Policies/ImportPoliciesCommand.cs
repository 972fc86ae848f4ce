using MediatR;
using RateLimiter.Domain;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>Replaces a client's policies, and overrides where it has them, by those of a document, all at once or not at all.</summary>
/// <param name="Client">The client.</param>
/// <param name="Definitions">The wanted policies. At most one for each route and role.</param>
/// <param name="DeleteOthers">Whether policies that are not in the document are deleted.</param>
/// <param name="DryRun">Whether the changes are only reported and not made.</param>
/// <param name="Actor">Who imports them.</param>
/// <param name="Condition">The condition on the version of the set; null for none.</param>
public sealed record ImportPoliciesCommand(
    ClientId Client,
    IReadOnlyList<PolicyDefinition> Definitions,
    bool DeleteOthers,
    bool DryRun,
    Actor Actor,
    VersionCondition? Condition = null
) : IRequest<PolicyOutcome>
{
    /// <summary>The wanted overrides; null to leave them as they are.</summary>
    public IReadOnlyList<OverrideDefinition>? Overrides { get; init; }
}

/// <param name="Changes">The changes that were made, or would be made, by route, then role.</param>
/// <param name="Unchanged">The number of policies in the document that equal the current ones.</param>
public sealed record PoliciesImported(IReadOnlyList<PolicyChange> Changes, int Unchanged)
    : PolicyOutcome
{
    /// <summary>What became, or would become, of the overrides; null when they were left as they are.</summary>
    public OverridesImported? Overrides { get; init; }
}

/// <param name="Changes">The changes that were made, or would be made.</param>
/// <param name="Unchanged">The number of overrides in the document that equal current ones.</param>
public sealed record OverridesImported(IReadOnlyList<OverrideChange> Changes, int Unchanged);

internal sealed class ImportPoliciesHandler(IPolicyRepository repository, PolicyWriter policies)
    : IRequestHandler<ImportPoliciesCommand, PolicyOutcome>
{
    public Task<PolicyOutcome> Handle(
        ImportPoliciesCommand command,
        CancellationToken cancellationToken
    ) =>
        policies.ChangeAsync(
            command.Client,
            async now =>
            {
                var set = await repository.ListAsync(command.Client, cancellationToken);
                if (command.Condition?.Holds(set.Version) == false)
                {
                    return (null, new ConditionFailed());
                }

                var heads = set.Heads.ToDictionary(head => head.Key);
                var wanted = command.Definitions.ToDictionary(definition => definition.Key);
                var saves = command
                    .Definitions.Select(definition =>
                        (
                            Head: heads.GetValueOrDefault(definition.Key)
                                ?? PolicyHead.None(definition.Key),
                            definition
                        )
                    )
                    .Where(pair =>
                        pair.Head.Policy?.Definition.IsEquivalentTo(pair.definition) != true
                    )
                    .Select(pair => pair.Head.Save(pair.definition, now, command.Actor))
                    .ToList();
                var deletions = command.DeleteOthers
                    ? set
                        .Heads.Where(head =>
                            head.Policy is not null && !wanted.ContainsKey(head.Key)
                        )
                        .Select(head => head.Delete())
                    : [];
                IReadOnlyList<PolicyChange> changes =
                [
                    .. saves.Concat(deletions).OrderBy(change => change.Key),
                ];
                var overrides = command.Overrides is { } wantedOverrides
                    ? OverrideChange.Import(
                        set.Overrides,
                        wantedOverrides,
                        command.DeleteOthers,
                        now,
                        command.Actor
                    )
                    : [];
                return (
                    changes is [] && overrides is []
                        ? null
                        : new PolicyChanges(
                            changes,
                            set.Version,
                            now,
                            command.Actor,
                            command.DryRun
                        )
                        {
                            Overrides = overrides,
                        },
                    new PoliciesImported(changes, command.Definitions.Count - saves.Count)
                    {
                        Overrides = command.Overrides is null
                            ? null
                            : new OverridesImported(
                                overrides,
                                command.Overrides.Count
                                    - overrides.Count(change => change.After is not null)
                            ),
                    }
                );
            },
            cancellationToken
        );
}
