using System.ComponentModel.DataAnnotations;
using AutoMapper;
using MediatR;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using RateLimiter.Api.Http.Authentication;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Analytics;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Api.Analytics;

/// <summary>How many checks there were, and how they were decided.</summary>
/// <remarks>
/// Checks are counted by the minute and by the hour. A span is therefore rounded to whole ones: from down, to up; the answer
/// says to which. Checks on the instance that is asked are in the counts at once, those on others after about a second.
/// </remarks>
[ApiController]
[Tags("Analytics")]
public sealed class AnalyticsController(IMediator mediator, IMapper mapper) : ControllerBase
{
    private const int MaxBuckets = 1500;
    private const int MaxEntries = 100;
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>The figures of a span of time.</summary>
    /// <remarks>
    /// The counts are of whole minutes, or of whole hours where the span goes back further than minutes are kept
    /// (Analytics:MinuteRetentionHours, 48 by default). Users and times are those of all hours that the span touches. Of what
    /// is not kept any more (Analytics:HourRetentionDays, 90 by default) the counts are 0.
    /// </remarks>
    /// <param name="from">From this time on, RFC 3339; a day before the end when left out.</param>
    /// <param name="to">Up to this time, RFC 3339; now when left out.</param>
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
        return Validate(span) is { IsValid: false } errors
            ? ProblemResponse.Validation(HttpContext, errors)
            : Ok(
                mapper.Map<AnalyticsSummaryResponse>(
                    await mediator.Send(
                        new AnalyticsSummaryQuery(HttpContext.Client().Id, span),
                        cancellationToken
                    )
                )
            );
    }

    /// <summary>The figures of each minute or hour of a span of time, oldest first.</summary>
    /// <remarks>
    /// Minutes are kept for Analytics:MinuteRetentionHours (48), hours for Analytics:HourRetentionDays (90); of what is not kept
    /// any more the counts are 0. A client's 200 first combinations of a route and a role are told apart in each hour; what
    /// comes after them is counted, but in no filter.
    /// </remarks>
    /// <param name="from">
    /// From this time on, RFC 3339; when left out, an hour before the end for minutes, and a day for hours.
    /// </param>
    /// <param name="to">Up to this time, RFC 3339; now when left out.</param>
    /// <param name="bucket">How long each bucket is. There can be 1500 at most.</param>
    /// <param name="routeKey">Only checks of this route.</param>
    /// <param name="role">Only checks decided by a policy of this role, which need not be the role asked for.</param>
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
        var errors = Validate(span);
        if (errors.IsValid && span.CountOf(bucket) > MaxBuckets)
        {
            errors.AddModelError(
                "from",
                $"is more than {MaxBuckets} {(bucket == BucketSize.Minute ? "minutes" : "hours")} before the end"
            );
        }

        if (!errors.IsValid)
        {
            return ProblemResponse.Validation(HttpContext, errors);
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

    /// <summary>The users or routes with the most checks or denials, most first.</summary>
    /// <remarks>
    /// Of the whole hours that the span touches. Routes are kept for Analytics:HourRetentionDays (90), users for
    /// Analytics:UserRetentionDays (7). Of more than 200 users in an hour, those with the fewest checks may be left out, and what
    /// is counted of the others may then be too little, never too much.
    /// </remarks>
    /// <param name="from">From this time on, RFC 3339; a day before the end when left out.</param>
    /// <param name="to">Up to this time, RFC 3339; now when left out.</param>
    /// <param name="by">What to list.</param>
    /// <param name="of">What to count.</param>
    /// <param name="limit">How many at most, 1 to 100.</param>
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
        CancellationToken cancellationToken = default
    )
    {
        var span = spans.Of(from, to, Day);
        if (Validate(span) is { IsValid: false } errors)
        {
            return ProblemResponse.Validation(HttpContext, errors);
        }

        var entries = await mediator.Send(
            new AnalyticsTopQuery(HttpContext.Client().Id, span, by, of, limit),
            cancellationToken
        );
        var whole = span.RoundTo(BucketSize.Hour);
        return Ok(
            new AnalyticsTopResponse(
                whole.From.UtcDateTime,
                whole.To.UtcDateTime,
                by,
                of,
                mapper.Map<IReadOnlyList<TopEntryResponse>>(entries)
            )
        );
    }

    private static ModelStateDictionary Validate(AnalyticsSpan span)
    {
        var errors = new ModelStateDictionary();
        if (span.From >= span.To)
        {
            errors.AddModelError("from", "must be before the end");
        }

        return errors;
    }
}
