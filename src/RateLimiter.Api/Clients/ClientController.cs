using MediatR;
using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Application.Clients;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Clients;

/// <summary>The client of an API key.</summary>
[ApiController]
[Tags("Clients")]
public sealed class ClientController(IMediator mediator) : ControllerBase
{
    /// <summary>Permanently deletes the client of this key, with its keys, policies, counters and log.</summary>
    /// <remarks>
    /// Every instance rejects all its keys within a second. The deletion takes about two seconds, and much longer with
    /// millions of counters: if it is not complete after ten seconds, the response is a 202, and the deletion continues. It
    /// also continues after a failure of the service or the store.
    /// </remarks>
    [RequiresScope(Scopes.Admin)]
    [HttpDelete("/client", Name = "DeleteClient")]
    [ProducesResponseType<DeletionResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<DeletionResponse>(StatusCodes.Status202Accepted)]
    public async Task<ActionResult<DeletionResponse>> DeleteAsync(
        CancellationToken cancellationToken
    )
    {
        var (deleted, isComplete) = await mediator.Send(
            new DeleteClientCommand(HttpContext.Client().Id, HttpContext.Actor()),
            cancellationToken
        );
        return StatusCode(
            isComplete ? StatusCodes.Status200OK : StatusCodes.Status202Accepted,
            new DeletionResponse(
                new DeletedResponse(
                    deleted.Policies,
                    deleted.Keys,
                    deleted.LogEntries,
                    deleted.Counters
                ),
                isComplete
            )
        );
    }
}

/// <param name="Deleted">What has been deleted so far.</param>
/// <param name="Complete">Whether the deletion is complete. Otherwise it continues.</param>
public sealed record DeletionResponse(DeletedResponse Deleted, bool Complete);

/// <param name="Policies">The number of policies.</param>
/// <param name="Keys">The number of API keys.</param>
/// <param name="LogEntries">The number of log entries.</param>
/// <param name="Counters">The number of counters: one per user and limit.</param>
public sealed record DeletedResponse(long Policies, long Keys, long LogEntries, long Counters);
