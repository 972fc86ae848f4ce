using MediatR;
using RateLimiter.Application.Clients;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>Makes a policy, or replaces the one that is there for the same route and role.</summary>
public sealed record SavePolicyCommand(ClientId Client, PolicyDefinition Definition)
    : IRequest<Policy>;

internal sealed class SavePolicyHandler(
    IPolicyRepository policies,
    ClientDirectory directory,
    TimeProvider time
) : IRequestHandler<SavePolicyCommand, Policy>
{
    public async Task<Policy> Handle(SavePolicyCommand command, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var now = time.GetUtcNow();
                var policy = await policies.FindAsync(
                    command.Client,
                    command.Definition.Key,
                    cancellationToken
                )
                    is { } earlier
                    ? earlier.Revise(command.Definition, now)
                    : Policy.Create(command.Definition, now);

                // Somebody else saved the same policy in between: build on what he saved.
                if (await policies.TrySaveAsync(command.Client, policy, cancellationToken))
                {
                    return policy;
                }
            }
        }
        finally
        {
            // Also after a failure: a save without an answer may have been a save.
            directory.Doubt(command.Client);
        }
    }
}
