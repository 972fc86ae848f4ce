using System.ComponentModel.DataAnnotations;
using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using NSwag.Annotations;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Logs;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Logs;

/// <summary>The log of decisions.</summary>
[ApiController]
[Tags("Logs")]
public sealed class LogsController(IMediator mediator, IMapper mapper) : ControllerBase
{
    private const Scopes StreamScope = Scopes.LogsRead;
    private const string LastEventIdHeader = "Last-Event-ID";

    // It is unknown when one of the open streams ends.
    private static readonly TimeSpan TooManyRetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>The latest decisions, newest first.</summary>
    /// <remarks>
    /// The newest are kept (Log:MaxEntries, 1000 by default). With <c>kind=all</c>, refunds and resets of usage, and commits and
    /// releases of reservations are among them, in the order of their times. As many of these are kept beside the decisions, so that
    /// they push out none. A filter by verdict matches decisions only.
    /// </remarks>
    /// <param name="limit">The maximum number of entries, 1 to 1000.</param>
    /// <param name="kind">Whether only decisions are given, or also changes of counters.</param>
    /// <param name="userId">Only decisions about this user.</param>
    /// <param name="routeKey">Only decisions about this route.</param>
    /// <param name="allowed">Only decisions with this verdict.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.LogsRead)]
    [HttpGet("/logs/latest", Name = "LatestLogs")]
    [QueryPrefix(SubjectQuery.Prefix)]
    [OpenApiOperationProcessor(typeof(SubjectQuery), SubjectQuery.Filter)]
    [ProducesResponseType<IReadOnlyList<LogEntryResponse>>(StatusCodes.Status200OK)]
    public async Task<ActionResult<IReadOnlyList<LogEntryResponse>>> LatestAsync(
        [FromQuery(Name = "user_id"), Name(Names.MaxUserLength)] string? userId,
        [FromQuery(Name = "route_key"), Name(Names.MaxRouteLength)] string? routeKey,
        [FromQuery(Name = "allowed")] bool? allowed,
        [
            FromQuery(Name = "limit"),
            Range(1, LatestDecisionsQuery.MaxCount, ErrorMessage = "must be from {1} to {2}")
        ]
            int limit = 50,
        [FromQuery(Name = "kind")] LogKinds kind = LogKinds.Decisions,
        CancellationToken cancellationToken = default
    )
    {
        var (subjects, errors) = SubjectQuery.Read(Request.Query);
        if (errors is not null)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var decisions = await mediator.Send(
            new LatestDecisionsQuery(
                HttpContext.Client().Id,
                limit,
                userId,
                routeKey,
                allowed,
                kind == LogKinds.All,
                subjects
            ),
            cancellationToken
        );
        return Ok(mapper.Map<IReadOnlyList<LogEntryResponse>>(decisions));
    }

    /// <summary>Streams the decisions of every instance as server-sent events.</summary>
    /// <remarks>
    /// An event <c>decision</c> holds an entry as in GET /logs/latest. Its <c>id</c>, sent back as Last-Event-ID, resumes
    /// the stream after it, as far as the log is kept. An event <c>gap</c> holds <c>left_out</c>: how many decisions were
    /// dropped here because the log does not keep them any more, or because they were made faster than they were sent or
    /// read; null when the number is unknown. With <c>kind=all</c>, an event <c>change</c> holds a refund or a reset of usage,
    /// or a commit or release of a reservation, gaps of both count, and ids have two numbers, of decisions and of changes. A comment is sent every 15 seconds. The
    /// response ends when the service stops or the key is no longer valid.
    /// </remarks>
    /// <param name="userId">Only decisions about this user.</param>
    /// <param name="routeKey">Only decisions about this route.</param>
    /// <param name="allowed">Only decisions with this verdict.</param>
    /// <param name="kind">Whether only decisions are sent, or also changes of counters.</param>
    /// <param name="lastEventId">
    /// The id of the last received event: later events are sent first, as far as the log is kept. 0 for all that are kept.
    /// Without it, only new decisions are sent. Of changes, only new ones are sent after an id of a stream without them.
    /// </param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(StreamScope)]
    [HttpGet("/logs/stream", Name = "StreamLogs")]
    [QueryPrefix(SubjectQuery.Prefix)]
    [OpenApiOperationProcessor(typeof(SubjectQuery), SubjectQuery.Filter)]
    [OpenApiOperationProcessor(typeof(EventsBody))]
    [ProducesResponseType<LogEntryResponse>(StatusCodes.Status200OK)]
    public async Task<IActionResult> StreamAsync(
        [FromQuery(Name = "user_id"), Name(Names.MaxUserLength)] string? userId,
        [FromQuery(Name = "route_key"), Name(Names.MaxRouteLength)] string? routeKey,
        [FromQuery(Name = "allowed")] bool? allowed,
        [FromHeader(Name = LastEventIdHeader), EventId] string? lastEventId,
        [FromQuery(Name = "kind")] LogKinds kind = LogKinds.Decisions,
        CancellationToken cancellationToken = default
    )
    {
        var (subjects, errors) = SubjectQuery.Read(Request.Query);
        if (errors is not null)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var outcome = await mediator.Send(
            new FollowDecisionsQuery(
                HttpContext.Client().Id,
                lastEventId is null ? null : EventIdAttribute.Read(lastEventId),
                userId,
                routeKey,
                allowed,
                kind == LogKinds.All,
                subjects
            ),
            cancellationToken
        );
        return outcome.Events is { } events
            ? new DecisionStreamResult(events, outcome.Start, StreamScope)
            : ProblemResponse.TooMany(HttpContext, TooManyRetryAfter, LogRefusal.TooManyStreams);
    }
}
