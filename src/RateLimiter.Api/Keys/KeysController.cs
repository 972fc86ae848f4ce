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

/// <summary>The API keys of a client. A key itself is shown only when it is created.</summary>
[ApiController]
[Tags("Keys")]
public sealed class KeysController(IMediator mediator, IMapper mapper) : ControllerBase
{
    /// <summary>Creates another key, which is shown only once.</summary>
    /// <remarks>It cannot have more scopes, or a later expiry, than the key of this request.</remarks>
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
    /// <remarks>An expired key is listed until the next change of the client's keys.</remarks>
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

    /// <summary>Deletes a key. Every instance rejects it within a second.</summary>
    /// <remarks>The last key with the scope admin, and the last such key without an expiry, cannot be deleted.</remarks>
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

    /// <summary>Replaces the key of this request by a new one of the same name, scopes and lifetime.</summary>
    /// <remarks>
    /// The old key stays valid for the grace period, unless it expires before, and cannot be rotated again.
    /// </remarks>
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
