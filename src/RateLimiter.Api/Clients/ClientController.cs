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
    /// <summary>Deletes the client whose key this is, with its keys, policies, counters and log. For good.</summary>
    /// <remarks>
    /// On every instance all its keys are refused within a second. It takes about two seconds, and much longer where
    /// millions of counters are kept: when it is not complete after ten, the answer is a 202, and it goes on. So it does when
    /// the service or the store fails in between.
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

/// <param name="Deleted">What is deleted so far.</param>
/// <param name="Complete">Whether that is all. Otherwise it goes on.</param>
public sealed record DeletionResponse(DeletedResponse Deleted, bool Complete);

/// <param name="Policies">So many policies.</param>
/// <param name="Keys">So many API keys.</param>
/// <param name="LogEntries">So many entries of the log.</param>
/// <param name="Counters">So many counters, of which each user has one for each limit.</param>
public sealed record DeletedResponse(long Policies, long Keys, long LogEntries, long Counters);
