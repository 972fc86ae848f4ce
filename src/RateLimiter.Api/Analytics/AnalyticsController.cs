using System.ComponentModel.DataAnnotations;
using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Analytics;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Analytics;

/// <summary>How many checks were made, and how they were decided.</summary>
/// <remarks>
/// Checks are counted per minute and per hour. A time span is therefore rounded to whole buckets: the start down, the end
/// up; the response states the rounded span. Checks on the instance that serves the request are counted immediately, those
/// on other instances after about a second.
/// </remarks>
[ApiController]
[Tags("Analytics")]
public sealed class AnalyticsController(IMediator mediator, IMapper mapper) : ControllerBase
{
    private const int MaxEntries = 100;
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>The figures of a time span.</summary>
    /// <remarks>
    /// The counts are of whole minutes, or of whole hours where the span starts earlier than minutes are kept
    /// (Analytics:MinuteRetentionHours, 48 by default). User counts and latencies cover every hour that the span touches.
    /// The counts are 0 for data that is no longer kept (Analytics:HourRetentionDays, 90 by default).
    /// </remarks>
    /// <param name="from">Start of the span, inclusive, RFC 3339; a day before the end when omitted.</param>
    /// <param name="to">End of the span, RFC 3339; now when omitted.</param>
    /// <param name="spans">Completes the span.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.LogsRead)]
    [HttpGet("/analytics/summary", Name = "AnalyticsSummary")]
    [ProducesResponseType<AnalyticsSummaryResponse>(StatusCodes.Status200OK)]
    public async Task<IActionResult> SummarizeAsync(
        [FromQuery(Name = "from")] DateTimeOffset? from,
        [FromQuery(Name = "to")] DateTimeOffset? to,
        [FromServices] AnalyticsSpans spans,
        CancellationToken cancellationToken
    )
    {
        var span = spans.Of(from, to, Day);
        return AnalyticsRules.StartProblem(span) is { } problem
            ? Refuse("from", problem)
            : Ok(
                mapper.Map<AnalyticsSummaryResponse>(
                    await mediator.Send(
                        new AnalyticsSummaryQuery(HttpContext.Client().Id, span),
                        cancellationToken
                    )
                )
            );
    }

    /// <summary>The figures of each minute or hour of a time span, oldest first.</summary>
    /// <remarks>
    /// Minutes are kept for Analytics:MinuteRetentionHours (48), hours for Analytics:HourRetentionDays (90); the counts are
    /// 0 for data that is no longer kept. The first 200 combinations of route and role of a client are counted separately in
    /// each hour; further combinations are counted in the totals, but match no filter.
    /// </remarks>
    /// <param name="from">
    /// Start of the span, inclusive, RFC 3339; when omitted, an hour before the end for minutes, and a day for hours.
    /// </param>
    /// <param name="to">End of the span, RFC 3339; now when omitted.</param>
    /// <param name="bucket">The length of a bucket. At most 1500 buckets are returned.</param>
    /// <param name="routeKey">Only checks of this route.</param>
    /// <param name="role">Only checks decided by a policy of this role, which can differ from the requested role.</param>
    /// <param name="spans">Completes the span.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.LogsRead)]
    [HttpGet("/analytics/timeseries", Name = "AnalyticsTimeSeries")]
    [ProducesResponseType<AnalyticsTimeSeriesResponse>(StatusCodes.Status200OK)]
    public async Task<IActionResult> ListBucketsAsync(
        [FromQuery(Name = "from")] DateTimeOffset? from,
        [FromQuery(Name = "to")] DateTimeOffset? to,
        [FromQuery(Name = "route_key"), Name(Names.MaxRouteLength)] string? routeKey,
        [FromQuery(Name = "role"), Name(Names.MaxRoleLength)] string? role,
        [FromServices] AnalyticsSpans spans,
        [FromQuery(Name = "bucket")] BucketSize bucket = BucketSize.Minute,
        CancellationToken cancellationToken = default
    )
    {
        var span = spans.Of(from, to, bucket == BucketSize.Minute ? Hour : Day);
        if (AnalyticsRules.StartProblem(span, bucket) is { } problem)
        {
            return Refuse("from", problem);
        }

        var buckets = await mediator.Send(
            new AnalyticsTimeSeriesQuery(HttpContext.Client().Id, span, bucket, routeKey, role),
            cancellationToken
        );
        var whole = span.RoundTo(bucket);
        return Ok(
            new AnalyticsTimeSeriesResponse(
                whole.From.UtcDateTime,
                whole.To.UtcDateTime,
                bucket,
                mapper.Map<IReadOnlyList<AnalyticsBucketResponse>>(buckets)
            )
        );
    }

    /// <summary>The users, routes or subjects with the most checks or denials, in descending order.</summary>
    /// <remarks>
    /// Covers every hour that the span touches. Routes are kept for Analytics:HourRetentionDays (90), users and other subjects for
    /// Analytics:UserRetentionDays (7). With more than 200 users in an hour, those with the fewest checks may be dropped,
    /// and the counts of the others may then be too low, never too high. The same holds for the values of a subject, but those
    /// that are dropped are in <c>other</c>, so that the sum is exact. A subject is counted where a limit of the policy has it.
    /// </remarks>
    /// <param name="from">Start of the span, inclusive, RFC 3339; a day before the end when omitted.</param>
    /// <param name="to">End of the span, RFC 3339; now when omitted.</param>
    /// <param name="by">What to list.</param>
    /// <param name="of">What to count.</param>
    /// <param name="limit">The maximum number of entries, 1 to 100.</param>
    /// <param name="subject">The name of the subject to list, such as org; required with by=subject, and only for it.</param>
    /// <param name="spans">Completes the span.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    [RequiresScope(Scopes.LogsRead)]
    [HttpGet("/analytics/top", Name = "AnalyticsTop")]
    [ProducesResponseType<AnalyticsTopResponse>(StatusCodes.Status200OK)]
    public async Task<IActionResult> ListTopAsync(
        [FromQuery(Name = "from")] DateTimeOffset? from,
        [FromQuery(Name = "to")] DateTimeOffset? to,
        [FromServices] AnalyticsSpans spans,
        [FromQuery(Name = "by")] TopDimension by = TopDimension.User,
        [FromQuery(Name = "of")] TopMetric of = TopMetric.Checks,
        [FromQuery(Name = "limit"), Range(1, MaxEntries, ErrorMessage = "must be from {1} to {2}")]
            int limit = 10,
        [FromQuery(Name = "subject")] string? subject = null,
        CancellationToken cancellationToken = default
    )
    {
        var span = spans.Of(from, to, Day);
        if (AnalyticsRules.StartProblem(span) is { } problem)
        {
            return Refuse("from", problem);
        }

        if (AnalyticsRules.SubjectProblem(by, subject) is { } wrongSubject)
        {
            return Refuse("subject", wrongSubject);
        }

        var (entries, other) = await mediator.Send(
            new AnalyticsTopQuery(HttpContext.Client().Id, span, by, of, limit, subject),
            cancellationToken
        );
        var whole = span.RoundTo(BucketSize.Hour);
        return Ok(
            new AnalyticsTopResponse(
                whole.From.UtcDateTime,
                whole.To.UtcDateTime,
                by,
                subject,
                of,
                mapper.Map<IReadOnlyList<TopEntryResponse>>(entries),
                other
            )
        );
    }

    private ObjectResult Refuse(string parameter, string problem) =>
        ProblemResponse.Validation(
            HttpContext,
            new Dictionary<string, string[]> { [parameter] = [problem] }
        );
}
