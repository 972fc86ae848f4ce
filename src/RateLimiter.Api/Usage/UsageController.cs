using MediatR;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Mvc.ModelBinding.Validation;
using NSwag.Annotations;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Usage;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Usage;

/// <summary>Reads, refunds and resets the usage of a user.</summary>
[ApiController]
[Tags("Usage")]
[ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
public sealed class UsageController(IMediator mediator) : ControllerBase
{
    /// <summary>The current usage and remaining permits, and the decision on a check of cost 1. Changes nothing.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="routeKey">The route.</param>
    /// <param name="role">The user's role; the default role when omitted.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.Check | Scopes.UsageWrite)]
    [HttpGet("/usage", Name = "GetUsage")]
    [OpenApiOperationProcessor(typeof(DecisionHeaders))]
    [ProducesResponseType<UsageResponse>(StatusCodes.Status200OK)]
    public async Task<ActionResult<UsageResponse>> GetAsync(
        [FromQuery(Name = "user_id"), BindRequired, Name(Names.MaxUserLength)] string userId,
        [FromQuery(Name = "route_key"), BindRequired, Name(Names.MaxRouteLength)] string routeKey,
        [FromQuery(Name = "role"), Name(Names.MaxRoleLength)] string? role,
        CancellationToken cancellationToken
    )
    {
        var caller = HttpContext.Caller();
        var decision = await mediator.Send(
            new UsageQuery(
                caller.Client,
                userId,
                routeKey,
                role ?? PolicyKey.DefaultRole,
                caller.Waited
            ),
            cancellationToken
        );
        if (decision is null)
        {
            return ProblemResponse.NoPolicy(HttpContext);
        }

        RateLimitHeaders.Write(Response, decision);
        return UsageResponse.From(decision);
    }

    /// <summary>Refunds permits, never above the limit.</summary>
    /// <remarks>For permits that were taken for something that then did not happen. Returns the resulting state.</remarks>
    [RequiresScope(Scopes.UsageWrite)]
    [HttpPost("/usage/refund", Name = "RefundUsage")]
    [OpenApiOperationProcessor(typeof(DecisionHeaders))]
    [ProducesResponseType<DecisionResponse>(StatusCodes.Status200OK)]
    public async Task<IActionResult> RefundAsync(
        [FromBody, ValidateNever] CheckRequest request,
        CancellationToken cancellationToken
    )
    {
        if (request.Validate() is { } errors)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var caller = HttpContext.Caller();
        return new DecisionResult(
            await mediator.Send(
                new RefundCommand(caller.Client, request.ToCheck(), caller.Waited),
                cancellationToken
            )
        );
    }

    /// <summary>Resets the usage of a user under the policy that applies.</summary>
    /// <param name="userId">The user; "*" is an ordinary user id.</param>
    /// <param name="routeKey">The route.</param>
    /// <param name="role">The user's role; the default role when omitted.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.UsageWrite)]
    [HttpDelete("/usage", Name = "ResetUsage")]
    [ProducesResponseType(StatusCodes.Status204NoContent)]
    public async Task<IActionResult> ResetAsync(
        [FromQuery(Name = "user_id"), BindRequired, Name(Names.MaxUserLength)] string userId,
        [FromQuery(Name = "route_key"), BindRequired, Name(Names.MaxRouteLength)] string routeKey,
        [FromQuery(Name = "role"), Name(Names.MaxRoleLength)] string? role,
        CancellationToken cancellationToken
    )
    {
        var caller = HttpContext.Caller();
        var isPolicyFound = await mediator.Send(
            new ResetUsageCommand(
                caller.Client,
                userId,
                routeKey,
                role ?? PolicyKey.DefaultRole,
                caller.Waited
            ),
            cancellationToken
        );
        return isPolicyFound ? NoContent() : ProblemResponse.NoPolicy(HttpContext);
    }
}
