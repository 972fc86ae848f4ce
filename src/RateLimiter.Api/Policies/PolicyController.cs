using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using NSwag.Annotations;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>The limits of each route and role.</summary>
[ApiController]
[Tags("Policies")]
public sealed class PolicyController(IMediator mediator, IMapper mapper) : ControllerBase
{
    /// <summary>Creates or replaces the policy of a route and role.</summary>
    /// <remarks>
    /// It applies from the next check on. Usage is kept for each limit that keeps its name, algorithm and window; the window
    /// of a bucket may change. With the ETag of the policy in <c>If-Match</c> it replaces that version only; with
    /// <c>If-None-Match: *</c> it replaces none.
    /// </remarks>
    [RequiresScope(Scopes.PolicyWrite)]
    [HttpPost("/policy", Name = "SavePolicy")]
    [OpenApiOperationProcessor(typeof(VersionHeaders))]
    [ProducesResponseType<SavePolicyResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status412PreconditionFailed)]
    public async Task<ActionResult<SavePolicyResponse>> SaveAsync(
        SavePolicyRequest request,
        CancellationToken cancellationToken
    )
    {
        if (VersionTag.Policy.ReadCondition(Request.Headers) is not { } condition)
        {
            return PolicyResults.NoCondition(HttpContext);
        }

        var outcome = await mediator.Send(
            new SavePolicyCommand(
                HttpContext.Client().Id,
                request.ToDefinition(),
                HttpContext.Actor(),
                condition
            ),
            cancellationToken
        );
        return PolicyResults.Saved(HttpContext, mapper, outcome);
    }

    /// <summary>Lists the policies, ordered by route, then role.</summary>
    /// <remarks>
    /// The ETag is that of all policies; with both route_key and role it is that of the one policy, if it exists.
    /// </remarks>
    /// <param name="routeKey">Only policies of this route.</param>
    /// <param name="role">Only policies of this role.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.PolicyRead)]
    [HttpGet("/policy", Name = "ListPolicies")]
    [OpenApiOperationProcessor(typeof(VersionHeaders))]
    [ProducesResponseType<IReadOnlyList<PolicyResponse>>(StatusCodes.Status200OK)]
    [ProducesResponseType(StatusCodes.Status304NotModified)]
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
        var tag =
            routeKey is null || role is null ? VersionTag.Set.Of(list.Version)
            : list.Policies is [var policy] ? VersionTag.Policy.Of(policy.Version)
            : null;
        return tag is not null && VersionTag.IsCurrent(HttpContext, tag)
            ? StatusCode(StatusCodes.Status304NotModified)
            : Ok(mapper.Map<IReadOnlyList<PolicyResponse>>(list.Policies));
    }

    /// <summary>Deletes the policy of a route and role, with its counters.</summary>
    /// <remarks>
    /// The names are in the body or in the query, not in both. With the ETag of the policy in <c>If-Match</c> it deletes
    /// that version only.
    /// </remarks>
    /// <param name="request">The names, unless they are in the query.</param>
    /// <param name="routeKey">The route.</param>
    /// <param name="role">The role; the default role when omitted.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.PolicyWrite)]
    [HttpDelete("/policy", Name = "DeletePolicy")]
    [OpenApiOperationProcessor(typeof(VersionHeaders))]
    [ProducesResponseType<MessageResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status412PreconditionFailed)]
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

        if (VersionTag.Policy.ReadCondition(Request.Headers) is not { } condition)
        {
            return PolicyResults.NoCondition(HttpContext);
        }

        var key = PolicyKey.Create(request?.RouteKey ?? routeKey!, request?.Role ?? role);
        var outcome = await mediator.Send(
            new DeletePolicyCommand(HttpContext.Client().Id, key, HttpContext.Actor(), condition),
            cancellationToken
        );
        return outcome is PolicyDeleted
            ? new MessageResponse("Policy deleted")
            : PolicyResults.Refused(HttpContext, outcome);
    }
}
