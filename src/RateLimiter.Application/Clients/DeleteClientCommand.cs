using MediatR;
using RateLimiter.Domain;

namespace RateLimiter.Application.Clients;

/// <summary>Deletes a client and all its data. Its keys are invalid at once.</summary>
/// <param name="Client">The client.</param>
/// <param name="Actor">Who requested the deletion.</param>
public sealed record DeleteClientCommand(ClientId Client, Actor Actor) : IRequest<DeletionOutcome>;

/// <param name="Deleted">What has been deleted so far.</param>
/// <param name="IsComplete">Whether the deletion is complete. Otherwise it continues, here or on another instance.</param>
public sealed record DeletionOutcome(DeletionSummary Deleted, bool IsComplete);

internal sealed class DeleteClientHandler(ClientDeletions deletions)
    : IRequestHandler<DeleteClientCommand, DeletionOutcome>
{
    /// <summary>The longest time that a caller waits.</summary>
    internal static readonly TimeSpan Budget = TimeSpan.FromSeconds(10);

    public Task<DeletionOutcome> Handle(
        DeleteClientCommand command,
        CancellationToken cancellationToken
    ) => deletions.DeleteAsync(command.Client, command.Actor, Budget, cancellationToken);
}
