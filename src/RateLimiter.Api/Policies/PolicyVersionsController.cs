using System.ComponentModel.DataAnnotations;
using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using NSwag.Annotations;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Policies;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>The history of policies.</summary>
[ApiController]
[Tags("Policies")]
[ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
public sealed class PolicyVersionsController(IMediator mediator, IMapper mapper) : ControllerBase
{
    private const int MaxPage = 1000;

    /// <summary>Lists the kept versions of a policy, newest first.</summary>
    /// <remarks>
    /// Includes deleted policies: a deletion is a version of its own. The oldest versions are dropped when there are too
    /// many.
    /// </remarks>
    /// <param name="routeKey">The route.</param>
    /// <param name="role">The role; the default role when omitted.</param>
    /// <param name="before">Only versions before this one: the last of the previous page.</param>
    /// <param name="limit">The maximum number of versions, 1 to 1000.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.PolicyRead)]
    [HttpGet("/policy/history", Name = "PolicyHistory")]
    [ProducesResponseType<IReadOnlyList<PolicyVersionResponse>>(StatusCodes.Status200OK)]
    public async Task<ActionResult<IReadOnlyList<PolicyVersionResponse>>> HistoryAsync(
        [FromQuery(Name = "route_key"), BindRequired, Name(Names.MaxRouteLength)] string routeKey,
        [FromQuery(Name = "role"), Name(Names.MaxRoleLength)] string? role,
        [
            FromQuery(Name = "before"),
            Range(
                typeof(long),
                "1",
                PolicyRules.MaxVersionText,
                ErrorMessage = "must be from {1} to {2}"
            )
        ]
            long? before,
        [FromQuery(Name = "limit"), Range(1, MaxPage, ErrorMessage = "must be from {1} to {2}")]
            int limit = 100,
        CancellationToken cancellationToken = default
    )
    {
        var versions = await mediator.Send(
            new PolicyHistoryQuery(
                HttpContext.Client().Id,
                PolicyKey.Create(routeKey, role),
                before,
                limit
            ),
            cancellationToken
        );
        return versions is [] && before is null
            ? PolicyResults.Refused(HttpContext, new PolicyNotFound())
            : Ok(mapper.Map<IReadOnlyList<PolicyVersionResponse>>(versions));
    }

    /// <summary>Creates a new version of a policy with the content of an old one.</summary>
    /// <remarks>
    /// A deleted policy is restored, and its counters are reset. With the ETag of the policy in <c>If-Match</c> it replaces
    /// that version only.
    /// </remarks>
    [RequiresScope(Scopes.PolicyWrite)]
    [HttpPost("/policy/rollback", Name = "RollBackPolicy")]
    [OpenApiOperationProcessor(typeof(VersionHeaders))]
    [ProducesResponseType<SavePolicyResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status412PreconditionFailed)]
    public async Task<ActionResult<SavePolicyResponse>> RollBackAsync(
        RollBackPolicyRequest request,
        CancellationToken cancellationToken
    )
    {
        if (VersionTag.Policy.ReadCondition(Request.Headers) is not { } condition)
        {
            return PolicyResults.NoCondition(HttpContext);
        }

        var outcome = await mediator.Send(
            new RollBackPolicyCommand(
                HttpContext.Client().Id,
                PolicyKey.Create(request.RouteKey!, request.Role),
                request.Version!.Value,
                HttpContext.Actor(),
                condition
            ),
            cancellationToken
        );
        return PolicyResults.Saved(HttpContext, mapper, outcome);
    }
}
