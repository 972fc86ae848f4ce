using System.ComponentModel.DataAnnotations;
using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Authentication;
using RateLimiter.Api.Json;
using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Logs;

/// <summary>What was decided.</summary>
[ApiController]
[Tags("Logs")]
public sealed class LogsController(IMediator mediator, IMapper mapper) : ControllerBase
{
    /// <summary>The latest decisions, newest first. The last 1000 are kept.</summary>
    /// <param name="limit">How many at most, 1 to 1000.</param>
    /// <param name="userId">Only about this user.</param>
    /// <param name="routeKey">Only about this route.</param>
    /// <param name="allowed">Only with this verdict.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.LogsRead)]
    [HttpGet("/logs/latest", Name = "LatestLogs")]
    [ProducesResponseType<IReadOnlyList<LogEntryResponse>>(StatusCodes.Status200OK)]
    [ProducesResponseType<ValidationProblemDetails>(StatusCodes.Status400BadRequest)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status401Unauthorized)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status403Forbidden)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status429TooManyRequests)]
    [ProducesResponseType<ProblemDetails>(StatusCodes.Status503ServiceUnavailable)]
    public async Task<ActionResult<IReadOnlyList<LogEntryResponse>>> LatestAsync(
        [FromQuery(Name = "user_id"), Name(Names.MaxUserLength)] string? userId,
        [FromQuery(Name = "route_key"), Name(Names.MaxRouteLength)] string? routeKey,
        [FromQuery(Name = "allowed")] bool? allowed,
        [
            FromQuery(Name = "limit"),
            Range(1, IDecisionLog.Capacity, ErrorMessage = "must be from {1} to {2}")
        ]
            int limit = 50,
        CancellationToken cancellationToken = default
    )
    {
        var decisions = await mediator.Send(
            new LatestDecisionsQuery(HttpContext.Client().Id, limit, userId, routeKey, allowed),
            cancellationToken
        );
        return Ok(mapper.Map<IReadOnlyList<LogEntryResponse>>(decisions));
    }
}
