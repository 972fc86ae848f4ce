using MediatR;
using RateLimiter.Domain;

namespace RateLimiter.Application.Clients;

/// <summary>Deletes a client and everything that belongs to it. Its keys are invalid at once.</summary>
/// <param name="Client">The client.</param>
/// <param name="Actor">Who wants it deleted.</param>
public sealed record DeleteClientCommand(ClientId Client, Actor Actor) : IRequest<DeletionOutcome>;

/// <param name="Deleted">What is deleted so far.</param>
/// <param name="IsComplete">Whether that is all. Otherwise it goes on, here or elsewhere, until it is.</param>
public sealed record DeletionOutcome(DeletionSummary Deleted, bool IsComplete);

internal sealed class DeleteClientHandler(ClientDeletions deletions)
    : IRequestHandler<DeleteClientCommand, DeletionOutcome>
{
    /// <summary>The longest that a caller waits.</summary>
    internal static readonly TimeSpan Budget = TimeSpan.FromSeconds(10);

    public Task<DeletionOutcome> Handle(
        DeleteClientCommand command,
        CancellationToken cancellationToken
    ) => deletions.DeleteAsync(command.Client, command.Actor, Budget, cancellationToken);
}
