using MediatR;
using RateLimiter.Application.Clients;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Policies;

/// <summary>Deletes a policy. Its counters go with it: a policy made anew starts with other ones.</summary>
public sealed record DeletePolicyCommand(ClientId Client, PolicyKey Key) : IRequest<bool>;

/// <summary>Answers false when there is no such policy.</summary>
internal sealed class DeletePolicyHandler(IPolicyRepository policies, ClientDirectory directory)
    : IRequestHandler<DeletePolicyCommand, bool>
{
    public async Task<bool> Handle(DeletePolicyCommand command, CancellationToken cancellationToken)
    {
        try
        {
            return await policies.DeleteAsync(command.Client, command.Key, cancellationToken);
        }
        finally
        {
            // Also after a failure: a deletion without an answer may have been one.
            directory.Doubt(command.Client);
        }
    }
}
