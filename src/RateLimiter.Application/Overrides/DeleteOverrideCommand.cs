using MediatR;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Overrides;

/// <summary>Deletes an override. The counters go on under the limits of the policy.</summary>
/// <param name="Client">The client.</param>
/// <param name="Id">The override.</param>
/// <param name="Actor">Who deletes it.</param>
public sealed record DeleteOverrideCommand(ClientId Client, string Id, Actor Actor)
    : IRequest<PolicyOutcome>;

internal sealed class DeleteOverrideHandler(IPolicyRepository repository, PolicyWriter policies)
    : IRequestHandler<DeleteOverrideCommand, PolicyOutcome>
{
    public Task<PolicyOutcome> Handle(
        DeleteOverrideCommand command,
        CancellationToken cancellationToken
    ) =>
        policies.ChangeAsync(
            command.Client,
            async now =>
                await repository.FindByTextAsync(command.Client, command.Id, cancellationToken)
                    is { } found
                    ? (
                        OverrideOutcomes.Only(
                            new OverrideChange(found, After: null),
                            now,
                            command.Actor
                        ),
                        new OverrideDeleted()
                    )
                    : ((PolicyChanges?)null, (PolicyOutcome)new OverrideNotFound()),
            cancellationToken
        );
}
