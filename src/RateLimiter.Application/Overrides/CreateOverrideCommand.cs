using MediatR;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Overrides;

/// <summary>Creates an override, which applies from the next check on.</summary>
/// <param name="Client">The client.</param>
/// <param name="Definition">What it says.</param>
/// <param name="Actor">Who creates it.</param>
public sealed record CreateOverrideCommand(
    ClientId Client,
    OverrideDefinition Definition,
    Actor Actor
) : IRequest<PolicyOutcome>;

internal sealed class CreateOverrideHandler(PolicyWriter policies)
    : IRequestHandler<CreateOverrideCommand, PolicyOutcome>
{
    public Task<PolicyOutcome> Handle(
        CreateOverrideCommand command,
        CancellationToken cancellationToken
    ) =>
        policies.ChangeAsync(
            command.Client,
            now =>
            {
                var change = OverrideChange.Create(command.Definition, now, command.Actor);
                return Task.FromResult<(PolicyChanges?, PolicyOutcome)>(
                    (OverrideOutcomes.Only(change, now, command.Actor), OverrideSaved.By(change))
                );
            },
            cancellationToken
        );
}
