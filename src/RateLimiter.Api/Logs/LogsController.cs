using System.ComponentModel.DataAnnotations;
using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using NSwag.Annotations;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Logs;

/// <summary>What was decided.</summary>
[ApiController]
[Tags("Logs")]
public sealed class LogsController(IMediator mediator, IMapper mapper) : ControllerBase
{
    private const Scopes StreamScope = Scopes.LogsRead;
    private const string LastEventIdHeader = "Last-Event-ID";

    // When one of the others ends, nobody knows.
    private static readonly TimeSpan TooManyRetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>The latest decisions, newest first. The last 1000 are kept.</summary>
    /// <param name="limit">How many at most, 1 to 1000.</param>
    /// <param name="userId">Only about this user.</param>
    /// <param name="routeKey">Only about this route.</param>
    /// <param name="allowed">Only with this verdict.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.LogsRead)]
    [HttpGet("/logs/latest", Name = "LatestLogs")]
    [ProducesResponseType<IReadOnlyList<LogEntryResponse>>(StatusCodes.Status200OK)]
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

    /// <summary>Decisions as they are made, by every instance, as server-sent events.</summary>
    /// <remarks>
    /// An event <c>decision</c> holds an entry as in GET /logs/latest. Its <c>id</c>, sent back as Last-Event-ID, resumes after
    /// it, as far as the log is kept. An event <c>gap</c> holds <c>left_out</c>: how many decisions were left out here because
    /// the log does not keep them any more, or because they came faster than they are sent or read; null when nobody knows.
    /// A comment comes every 15 seconds. The answer ends when the service stops or the key is not valid any more.
    /// </remarks>
    /// <param name="userId">Only about this user.</param>
    /// <param name="routeKey">Only about this route.</param>
    /// <param name="allowed">Only with this verdict.</param>
    /// <param name="lastEventId">
    /// The id of the last event that was received: what came after it is sent first, as far as it is kept. 0 for all that is
    /// kept. From now on without it.
    /// </param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(StreamScope)]
    [HttpGet("/logs/stream", Name = "StreamLogs")]
    [OpenApiOperationProcessor(typeof(EventsBody))]
    [ProducesResponseType<LogEntryResponse>(StatusCodes.Status200OK)]
    public async Task<IActionResult> StreamAsync(
        [FromQuery(Name = "user_id"), Name(Names.MaxUserLength)] string? userId,
        [FromQuery(Name = "route_key"), Name(Names.MaxRouteLength)] string? routeKey,
        [FromQuery(Name = "allowed")] bool? allowed,
        [FromHeader(Name = LastEventIdHeader), EventId] string? lastEventId,
        CancellationToken cancellationToken = default
    )
    {
        var outcome = await mediator.Send(
            new FollowDecisionsQuery(
                HttpContext.Client().Id,
                lastEventId is null ? null : EventIdAttribute.Read(lastEventId),
                userId,
                routeKey,
                allowed
            ),
            cancellationToken
        );
        return outcome.Events is { } events
            ? new DecisionStreamResult(events, StreamScope)
            : ProblemResponse.TooMany(HttpContext, TooManyRetryAfter, "Too many streams are open.");
    }
}
