using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using RateLimiter.Api.Authentication;
using RateLimiter.Api.Errors;
using RateLimiter.Api.Json;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>How much each role may do on each route.</summary>
[ApiController]
[Tags("Policies")]
[ProducesResponseType<ValidationProblemDetails>(StatusCodes.Status400BadRequest)]
[ProducesResponseType<ProblemDetails>(StatusCodes.Status401Unauthorized)]
[ProducesResponseType<ProblemDetails>(StatusCodes.Status403Forbidden)]
[ProducesResponseType<ProblemDetails>(StatusCodes.Status429TooManyRequests)]
[ProducesResponseType<ProblemDetails>(StatusCodes.Status503ServiceUnavailable)]
public sealed class PolicyController(IMediator mediator, IMapper mapper) : ControllerBase
{
    /// <summary>Creates the policy of a route and role, or replaces it.</summary>
    /// <remarks>
    /// It holds from the next check on. What was used still counts under a limit of the same name, algorithm and window;
    /// a bucket's window may change.
    /// </remarks>
    [RequiresScope(Scopes.PolicyWrite)]
    [HttpPost("/policy", Name = "SavePolicy")]
    [ProducesResponseType<SavePolicyResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    public async Task<ActionResult<SavePolicyResponse>> SaveAsync(
        SavePolicyRequest request,
        CancellationToken cancellationToken
    )
    {
        var outcome = await mediator.Send(
            new SavePolicyCommand(
                HttpContext.Client().Id,
                request.ToDefinition(),
                HttpContext.Actor()
            ),
            cancellationToken
        );
        return outcome switch
        {
            PolicySaved { Policy: var policy } => new SavePolicyResponse(
                "Policy saved successfully.",
                mapper.Map<PolicyResponse>(policy)
            ),
            TooManyPolicies { Max: var max } => ProblemResponse.Conflict(
                HttpContext,
                $"A client can have {max} policies. Delete one that is not needed any more."
            ),
            PoliciesTooLarge { MaxBytes: var max } => ProblemResponse.Conflict(
                HttpContext,
                $"All policies of a client can take up {max} bytes. Delete one, or shorten names and descriptions."
            ),
            WindowTooLong { MaxSeconds: var max } => ProblemResponse.Conflict(
                HttpContext,
                $"The window of a limit can be {max} seconds long on this service."
            ),
            _ => ProblemResponse.NoClient(HttpContext),
        };
    }

    /// <summary>Lists the policies, by route, then role.</summary>
    /// <param name="routeKey">Only those for this route.</param>
    /// <param name="role">Only those for this role.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.PolicyRead)]
    [HttpGet("/policy", Name = "ListPolicies")]
    [ProducesResponseType<IReadOnlyList<PolicyResponse>>(StatusCodes.Status200OK)]
    public async Task<ActionResult<IReadOnlyList<PolicyResponse>>> ListAsync(
        [FromQuery(Name = "route_key"), Name(Names.MaxRouteLength)] string? routeKey,
        [FromQuery(Name = "role"), Name(Names.MaxRoleLength)] string? role,
        CancellationToken cancellationToken
    )
    {
        var list = await mediator.Send(
            new ListPoliciesQuery(HttpContext.Client().Id, routeKey, role),
            cancellationToken
        );
        return Ok(mapper.Map<IReadOnlyList<PolicyResponse>>(list.Policies));
    }

    /// <summary>Deletes the policy of a route and role, and its counters with it.</summary>
    /// <remarks>Takes the names from the body or from the query, not from both.</remarks>
    /// <param name="request">The names, when they are not in the query.</param>
    /// <param name="routeKey">The route.</param>
    /// <param name="role">The role; the default role when left out.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.PolicyWrite)]
    [HttpDelete("/policy", Name = "DeletePolicy")]
    [ProducesResponseType<MessageResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
    public async Task<ActionResult<MessageResponse>> DeleteAsync(
        [FromBody(EmptyBodyBehavior = EmptyBodyBehavior.Allow)] DeletePolicyRequest? request,
        [FromQuery(Name = "route_key"), Name(Names.MaxRouteLength)] string? routeKey,
        [FromQuery(Name = "role"), Name(Names.MaxRoleLength)] string? role,
        CancellationToken cancellationToken
    )
    {
        if (request is null == (routeKey ?? role) is null || request is null && routeKey is null)
        {
            ModelState.AddModelError(
                "route_key",
                "must be given, in the body or in the query, not in both"
            );
            return ProblemResponse.Validation(HttpContext, ModelState);
        }

        var key = PolicyKey.Create(request?.RouteKey ?? routeKey!, request?.Role ?? role);
        return
            await mediator.Send(
                new DeletePolicyCommand(HttpContext.Client().Id, key, HttpContext.Actor()),
                cancellationToken
            ) is PolicyDeleted
            ? new MessageResponse("Policy deleted")
            : ProblemResponse.Create(
                HttpContext,
                StatusCodes.Status404NotFound,
                "There is no policy for this route and role."
            );
    }
}
