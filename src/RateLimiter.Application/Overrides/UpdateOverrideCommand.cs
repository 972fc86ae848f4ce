using MediatR;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Overrides;

namespace RateLimiter.Application.Overrides;

/// <summary>Replaces what an override says. It stays as new as it is.</summary>
/// <param name="Client">The client.</param>
/// <param name="Id">The override.</param>
/// <param name="Definition">What it says from now on.</param>
/// <param name="Actor">Who changes it.</param>
public sealed record UpdateOverrideCommand(
    ClientId Client,
    string Id,
    OverrideDefinition Definition,
    Actor Actor
) : IRequest<PolicyOutcome>;

internal sealed class UpdateOverrideHandler(IPolicyRepository repository, PolicyWriter policies)
    : IRequestHandler<UpdateOverrideCommand, PolicyOutcome>
{
    public Task<PolicyOutcome> Handle(
        UpdateOverrideCommand command,
        CancellationToken cancellationToken
    ) =>
        policies.ChangeAsync(
            command.Client,
            async now =>
            {
                var (client, id, definition, actor) = command;
                if (
                    await repository.FindByTextAsync(client, id, cancellationToken) is not { } found
                )
                {
                    return (null, new OverrideNotFound());
                }

                var change = OverrideChange.Update(found, definition, now, actor);
                return (OverrideOutcomes.Only(change, now, actor), OverrideSaved.By(change));
            },
            cancellationToken
        );
}
