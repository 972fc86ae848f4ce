using System.Diagnostics;
using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Application.Keys;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Keys;

/// <summary>The API keys of a client. Of each, what is shown is never the key, but when it is made.</summary>
[ApiController]
[Tags("Keys")]
public sealed class KeysController(IMediator mediator, IMapper mapper) : ControllerBase
{
    /// <summary>Makes another key, which is shown this once.</summary>
    /// <remarks>It can be good for no more, and for no longer, than the key it is asked with.</remarks>
    [RequiresScope(Scopes.KeysWrite)]
    [HttpPost("/keys", Name = "CreateKey")]
    [ProducesResponseType<NewKeyResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    public async Task<ActionResult<NewKeyResponse>> CreateAsync(
        CreateKeyRequest request,
        CancellationToken cancellationToken
    ) =>
        Answer(
            await mediator.Send(
                new CreateKeyCommand(
                    HttpContext.Caller(),
                    request.Name!,
                    request.ToScopes(),
                    request.ToLifetime(),
                    HttpContext.Actor()
                ),
                cancellationToken
            )
        );

    /// <summary>Lists the keys, oldest first.</summary>
    /// <remarks>One that has expired is listed until the next change of the client's keys.</remarks>
    [RequiresScope(Scopes.KeysWrite)]
    [HttpGet("/keys", Name = "ListKeys")]
    [ProducesResponseType<IReadOnlyList<KeyResponse>>(StatusCodes.Status200OK)]
    public async Task<ActionResult<IReadOnlyList<KeyResponse>>> ListAsync(
        CancellationToken cancellationToken
    )
    {
        var keys = await mediator.Send(
            new ListKeysQuery(HttpContext.Client().Id),
            cancellationToken
        );
        return keys is null
            ? ProblemResponse.NoClient(HttpContext)
            : Ok(mapper.Map<IReadOnlyList<KeyResponse>>(keys));
    }

    /// <summary>Deletes a key. On every instance it is refused within a second.</summary>
    /// <remarks>Not the last one with the scope admin, nor the last of those that does not expire.</remarks>
    /// <param name="keyId">The key's <c>key_id</c>.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.KeysWrite)]
    [HttpDelete("/keys/{key_id}", Name = "DeleteKey")]
    [ProducesResponseType(StatusCodes.Status204NoContent)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    public async Task<IActionResult> DeleteAsync(
        [FromRoute(Name = "key_id")] string keyId,
        CancellationToken cancellationToken
    )
    {
        var outcome = await mediator.Send(
            new DeleteKeyCommand(HttpContext.Caller(), keyId, HttpContext.Actor()),
            cancellationToken
        );
        return outcome is KeyDeleted ? NoContent() : Refuse(outcome);
    }

    /// <summary>Replaces the key it is asked with by a new one of the same name, scopes and lifetime.</summary>
    /// <remarks>The old one stays valid for the grace, unless it expires before, and cannot be rotated again.</remarks>
    [RequiresScope(Scopes.KeysWrite)]
    [HttpPost("/keys/rotate", Name = "RotateKey")]
    [ProducesResponseType<NewKeyResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    public async Task<ActionResult<NewKeyResponse>> RotateAsync(
        [FromBody(EmptyBodyBehavior = EmptyBodyBehavior.Allow)] RotateKeyRequest? request,
        CancellationToken cancellationToken
    ) =>
        Answer(
            await mediator.Send(
                new RotateKeyCommand(
                    HttpContext.Caller(),
                    TimeSpan.FromSeconds((request ?? new RotateKeyRequest()).GraceSeconds),
                    HttpContext.Actor()
                ),
                cancellationToken
            )
        );

    private ActionResult<NewKeyResponse> Answer(KeyOutcome? outcome)
    {
        if (outcome is not KeyMade made)
        {
            return Refuse(outcome);
        }

        Response.Headers.CacheControl = "no-store";
        return mapper.Map<NewKeyResponse>(made);
    }

    private ObjectResult Refuse(KeyOutcome? outcome) =>
        outcome switch
        {
            KeyNotFound => ProblemResponse.Create(
                HttpContext,
                StatusCodes.Status404NotFound,
                KeyRefusal.Why(outcome)
            ),
            LastAdminKey or KeyReplaced or TooManyKeys or KeysContended => ProblemResponse.Conflict(
                HttpContext,
                KeyRefusal.Why(outcome)
            ),
            ExceedsCallerScope => ProblemResponse.Forbidden(HttpContext, KeyRefusal.Why(outcome)),
            null => ProblemResponse.NoClient(HttpContext),
            _ => throw new UnreachableException($"{outcome} is a change that was made."),
        };
}
