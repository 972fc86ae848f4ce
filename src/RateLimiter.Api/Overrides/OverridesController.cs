using System.Diagnostics;
using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Overrides;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Overrides;

/// <summary>Other limits, none, or a block for one subject, a pattern or a network.</summary>
[ApiController]
[Tags("Overrides")]
public sealed class OverridesController(IMediator mediator, IMapper mapper) : ControllerBase
{
    /// <summary>Creates an override, which applies from the next check on.</summary>
    /// <remarks>
    /// Of several that apply to a check, one decides: blocked before unlimited before limits, exact before pattern before network,
    /// the longer match, one that names a route, one that names a role, the newest.
    /// </remarks>
    [RequiresScope(Scopes.PolicyWrite)]
    [HttpPost("/overrides", Name = "CreateOverride")]
    [ProducesResponseType<OverrideResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    public async Task<ActionResult<OverrideResponse>> CreateAsync(
        OverrideRequest request,
        CancellationToken cancellationToken
    ) =>
        Answer(
            await mediator.Send(
                new CreateOverrideCommand(
                    HttpContext.Client().Id,
                    request.ToDefinition(),
                    HttpContext.Actor()
                ),
                cancellationToken
            )
        );

    /// <summary>Lists the overrides, newest first.</summary>
    /// <remarks>One that has ended is listed until it is deleted.</remarks>
    /// <param name="subject">Only overrides of this subject.</param>
    /// <param name="match">Only overrides with this match, as it was written.</param>
    /// <param name="routeKey">Only overrides that name this route.</param>
    /// <param name="role">Only overrides that name this role.</param>
    /// <param name="effect">Only overrides with this effect.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.PolicyRead)]
    [HttpGet("/overrides", Name = "ListOverrides")]
    [ProducesResponseType<IReadOnlyList<OverrideResponse>>(StatusCodes.Status200OK)]
    public async Task<ActionResult<IReadOnlyList<OverrideResponse>>> ListAsync(
        [FromQuery(Name = "subject"), Name(SubjectNames.MaxNameLength)] string? subject,
        [FromQuery(Name = "match"), Name(SubjectValues.MaxValueLength)] string? match,
        [FromQuery(Name = "route_key"), Name(Names.MaxRouteLength)] string? routeKey,
        [FromQuery(Name = "role"), Name(Names.MaxRoleLength)] string? role,
        [FromQuery(Name = "effect")] OverrideEffect? effect,
        CancellationToken cancellationToken
    )
    {
        var overrides = await mediator.Send(
            new ListOverridesQuery(
                HttpContext.Client().Id,
                new OverrideFilter(subject, match, routeKey, role, effect)
            ),
            cancellationToken
        );
        return Ok(mapper.Map<IReadOnlyList<OverrideResponse>>(overrides));
    }

    /// <summary>Replaces what an override says.</summary>
    /// <remarks>It keeps its id and the time of its creation.</remarks>
    /// <param name="overrideId">The override's <c>override_id</c>.</param>
    /// <param name="request">What it says from now on.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.PolicyWrite)]
    [HttpPut("/overrides/{override_id}", Name = "UpdateOverride")]
    [ProducesResponseType<OverrideResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    public async Task<ActionResult<OverrideResponse>> UpdateAsync(
        [FromRoute(Name = "override_id")] string overrideId,
        OverrideRequest request,
        CancellationToken cancellationToken
    ) =>
        Answer(
            await mediator.Send(
                new UpdateOverrideCommand(
                    HttpContext.Client().Id,
                    overrideId,
                    request.ToDefinition(),
                    HttpContext.Actor()
                ),
                cancellationToken
            )
        );

    /// <summary>Deletes an override. Usage goes on under the limits of the policy.</summary>
    /// <param name="overrideId">The override's <c>override_id</c>.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.PolicyWrite)]
    [HttpDelete("/overrides/{override_id}", Name = "DeleteOverride")]
    [ProducesResponseType(StatusCodes.Status204NoContent)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    public async Task<IActionResult> DeleteAsync(
        [FromRoute(Name = "override_id")] string overrideId,
        CancellationToken cancellationToken
    )
    {
        var outcome = await mediator.Send(
            new DeleteOverrideCommand(HttpContext.Client().Id, overrideId, HttpContext.Actor()),
            cancellationToken
        );
        return outcome is OverrideDeleted ? NoContent() : Refuse(outcome);
    }

    private ActionResult<OverrideResponse> Answer(PolicyOutcome outcome) =>
        outcome is OverrideSaved(var saved) ? mapper.Map<OverrideResponse>(saved) : Refuse(outcome);

    private ObjectResult Refuse(PolicyOutcome outcome) =>
        outcome switch
        {
            OverrideNotFound => ProblemResponse.Create(
                HttpContext,
                StatusCodes.Status404NotFound,
                OverrideRefusal.Why(outcome)
            ),
            TooManyOverrides or PoliciesContended => ProblemResponse.Conflict(
                HttpContext,
                OverrideRefusal.Why(outcome)
            ),
            NoSuchClient => ProblemResponse.NoClient(HttpContext),
            _ => throw new UnreachableException($"{outcome} is a change that was made."),
        };
}
