using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Mvc.ModelBinding.Validation;
using NSwag.Annotations;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Overrides;
using RateLimiter.Application.Usage;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Keys;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Usage;

/// <summary>Reads, refunds and resets the usage of a user.</summary>
[ApiController]
[Tags("Usage")]
[ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
public sealed class UsageController(IMediator mediator, IMapper mapper) : ControllerBase
{
    /// <summary>The current usage and remaining permits, and the decision on a check of cost 1. Changes nothing.</summary>
    /// <remarks>Limits of which a subject is not named are left out.</remarks>
    /// <param name="routeKey">The route.</param>
    /// <param name="userId">The user; required unless another subject is named, or a limit is one for all.</param>
    /// <param name="role">The user's role; the default role when omitted.</param>
    /// <param name="explain">Lists the overrides that match, in the order in which they decide.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.Check | Scopes.UsageWrite)]
    [HttpGet("/usage", Name = "GetUsage")]
    [QueryPrefix(SubjectQuery.Prefix)]
    [OpenApiOperationProcessor(typeof(SubjectQuery), SubjectQuery.OfCounters)]
    [OpenApiOperationProcessor(typeof(DecisionHeaders))]
    [ProducesResponseType<UsageResponse>(StatusCodes.Status200OK)]
    public async Task<ActionResult<UsageResponse>> GetAsync(
        [FromQuery(Name = "route_key"), BindRequired, Name(Names.MaxRouteLength)] string routeKey,
        [FromQuery(Name = "user_id"), Name(Names.MaxUserLength)] string? userId,
        [FromQuery(Name = "role"), Name(Names.MaxRoleLength)] string? role,
        [FromQuery(Name = "explain")] bool explain = false,
        CancellationToken cancellationToken = default
    )
    {
        var (subjects, errors) = SubjectQuery.Read(Request.Query);
        if (errors is not null)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var caller = HttpContext.Caller();
        var usage = new UsageKey(userId, routeKey, role ?? PolicyKey.DefaultRole, subjects);
        var (look, _, problem) = await mediator.Send(
            new UsageQuery(caller.Client, usage, caller.Waited),
            cancellationToken
        );
        if (problem is not null)
        {
            return CheckProblems.Result(HttpContext, problem);
        }

        RateLimitHeaders.Write(Response, look!.Decision);
        var response = UsageResponse.From(look);
        return explain
            ? response with
            {
                Considered = mapper.Map<IReadOnlyList<ConsideredOverrideResponse>>(
                    await mediator.Send(
                        new ExplainOverridesQuery(caller.Client, usage),
                        cancellationToken
                    )
                ),
            }
            : response;
    }

    /// <summary>Refunds permits, never above the limit.</summary>
    /// <remarks>For permits that were taken for something that then did not happen. Returns the resulting state.</remarks>
    [RequiresScope(Scopes.UsageWrite)]
    [HttpPost("/usage/refund", Name = "RefundUsage")]
    [OpenApiOperationProcessor(typeof(DecisionHeaders))]
    [OpenApiOperationProcessor(typeof(IdempotencyHeader))]
    [ProducesResponseType<DecisionResponse>(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status422UnprocessableEntity)]
    public async Task<IActionResult> RefundAsync(
        [FromBody, ValidateNever] CheckRequest request,
        CancellationToken cancellationToken
    )
    {
        var (key, headerErrors) = IdempotencyHeader.Read(Request);
        if ((request.ValidateRefund() ?? headerErrors) is { } errors)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var caller = HttpContext.Caller();
        return DecisionResult.Of(
            HttpContext,
            await mediator.Send(
                new RefundCommand(caller.Client, request.ToCheck(key), caller.Waited),
                cancellationToken
            )
        );
    }

    /// <summary>Resets the counters of exactly the subjects that are named, under the policy that applies.</summary>
    /// <param name="routeKey">The route.</param>
    /// <param name="userId">The user; "*" is an ordinary user id. Omitted for counters that are not of a user.</param>
    /// <param name="role">The user's role; the default role when omitted.</param>
    /// <param name="limit">The name of the only limit to reset; all of these subjects when omitted.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.UsageWrite)]
    [HttpDelete("/usage", Name = "ResetUsage")]
    [QueryPrefix(SubjectQuery.Prefix)]
    [OpenApiOperationProcessor(typeof(SubjectQuery), SubjectQuery.OfCounters)]
    [ProducesResponseType(StatusCodes.Status204NoContent)]
    public async Task<IActionResult> ResetAsync(
        [FromQuery(Name = "route_key"), BindRequired, Name(Names.MaxRouteLength)] string routeKey,
        [FromQuery(Name = "user_id"), Name(Names.MaxUserLength)] string? userId,
        [FromQuery(Name = "role"), Name(Names.MaxRoleLength)] string? role,
        [FromQuery(Name = "limit"), Name(Limit.MaxNameLength)] string? limit,
        CancellationToken cancellationToken
    )
    {
        var (subjects, errors) = SubjectQuery.Read(Request.Query);
        if (errors is not null)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var caller = HttpContext.Caller();
        var problem = await mediator.Send(
            new ResetUsageCommand(
                caller.Client,
                new UsageKey(userId, routeKey, role ?? PolicyKey.DefaultRole, subjects),
                limit,
                caller.Waited
            ),
            cancellationToken
        );
        return problem is null ? NoContent() : CheckProblems.Result(HttpContext, problem);
    }
}
