using System.ComponentModel.DataAnnotations;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using NSwag.Annotations;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Gateway;

/// <summary>The forward authentication endpoint: gateways call it before they pass a request on.</summary>
[ApiController]
[Tags("Gateway")]
[ForEndUsers]
[ProducesResponseType<ProblemDetails>(StatusCodes.Status404NotFound)]
[ProducesResponseType<ProblemDetails>(StatusCodes.Status409Conflict)]
public sealed class GatewayController(IMediator mediator) : ControllerBase
{
    /// <summary>Checks whether a gateway may pass a request on. All methods are equivalent.</summary>
    /// <remarks>
    /// For <c>auth_request</c> of nginx and the forward authentication of Caddy and Traefik. A body is not read.
    /// </remarks>
    /// <param name="denyStatus">The status of a denial: 429, or 403 for nginx, which supports no other.</param>
    /// <param name="noPolicy">The response when no policy applies: <c>not_found</c>, a 404, or <c>allow</c>.</param>
    /// <response code="204">The request may pass.</response>
    /// <response code="403">The API key does not have the scope; or, with deny_status=403, the limit is reached.</response>
    /// <response code="429">The limit is reached.</response>
    /// <response code="503">There is no verdict: the store is unavailable and the policy fails closed, or the client has used up its quota.</response>
    [RequiresScope(Scopes.Check)]
    [NotAdministrative]
    [DisableRequestSizeLimit]
    [OpenApiOperationProcessor(typeof(GatewayHeaders))]
    [Route(GatewayPath.Path, Name = "GatewayCheck")]
    [ProducesResponseType(StatusCodes.Status204NoContent)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status403Forbidden)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status429TooManyRequests)]
    public Task<IActionResult> CheckAsync(
        [
            FromQuery(Name = "deny_status"),
            AllowedValues(
                null,
                StatusCodes.Status403Forbidden,
                StatusCodes.Status429TooManyRequests,
                ErrorMessage = "must be 403 or 429"
            )
        ]
            int denyStatus = StatusCodes.Status429TooManyRequests,
        [FromQuery(Name = "no_policy")] NoPolicyResponse noPolicy = NoPolicyResponse.NotFound
    ) => DecideAsync(null, StatusCodes.Status204NoContent, denyStatus, noPolicy);

    /// <summary>The same for a gateway that appends the forwarded path to this one. All methods are equivalent.</summary>
    /// <remarks>
    /// For <c>ext_authz</c> of Envoy, which passes a request on only after a 200. The query is that of the forwarded
    /// request, and is ignored here. A body is not read.
    /// </remarks>
    /// <param name="path">The path of the forwarded request.</param>
    /// <response code="200">The request may pass.</response>
    /// <response code="429">The limit is reached.</response>
    /// <response code="503">There is no verdict: the store is unavailable and the policy fails closed, or the client has used up its quota.</response>
    [RequiresScope(Scopes.Check)]
    [NotAdministrative]
    [DisableRequestSizeLimit]
    [OpenApiOperationProcessor(typeof(GatewayHeaders))]
    [AnyQuery]
    [Route(GatewayPath.Path + "/{**path}", Name = "GatewayCheckPath")]
    [ProducesResponseType(StatusCodes.Status200OK)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status429TooManyRequests)]
    public Task<IActionResult> CheckPathAsync(string? path) =>
        DecideAsync(
            GatewayPath.ForwardedPath(HttpContext) ?? $"/{path}",
            StatusCodes.Status200OK,
            StatusCodes.Status429TooManyRequests,
            NoPolicyResponse.NotFound
        );

    private async Task<IActionResult> DecideAsync(
        string? ownPath,
        int allowStatus,
        int denyStatus,
        NoPolicyResponse noPolicy
    )
    {
        // The request may be a GET, and consumes permits all the same.
        Response.Headers.CacheControl = "no-store";
        var caller = HttpContext.Caller();
        var request = new GatewayRequest(HttpContext, ownPath, caller.Client.Policies);
        if (request.Errors is { } errors)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var (decision, wait, problem) = await mediator.Send(
            new CheckCommand(caller.Client, request.Check, caller.Waited)
        );
        if (wait is { } time)
        {
            // The quota is the client's. The end user has reached no limit.
            return ProblemResponse.Unavailable(HttpContext, time);
        }

        if (problem is not null)
        {
            return problem is CheckProblem.NoPolicy && noPolicy == NoPolicyResponse.Allow
                ? StatusCode(allowStatus)
                : CheckProblems.Result(HttpContext, problem, GatewayRequest.SubjectHeader);
        }

        if (decision is { IsFailClosed: true, RetryAfter: { } outage })
        {
            return ProblemResponse.Unavailable(HttpContext, outage);
        }

        RateLimitHeaders.Write(Response, decision!);
        return decision!.Allowed
            ? StatusCode(allowStatus)
            : ProblemResponse.Create(HttpContext, denyStatus, $"{decision.Reason}.");
    }
}

/// <summary>The response to a gateway when no policy applies.</summary>
public enum NoPolicyResponse
{
    NotFound,
    Allow,
}
