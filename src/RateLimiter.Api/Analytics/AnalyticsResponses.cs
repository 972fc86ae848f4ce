using AutoMapper;
using RateLimiter.Application.Analytics;

namespace RateLimiter.Api.Analytics;

/// <summary>The figures of a time span.</summary>
public sealed record AnalyticsSummaryResponse
{
    /// <summary>Start of the counted span, UTC.</summary>
    public required DateTime From { get; init; }

    /// <summary>End of the counted span, UTC.</summary>
    public required DateTime To { get; init; }

    /// <summary>All decided checks, allowed and denied.</summary>
    public required long Checks { get; init; }

    /// <summary>Checks that were allowed.</summary>
    public required long Allowed { get; init; }

    /// <summary>Checks that were denied.</summary>
    public required long Denied { get; init; }

    /// <summary>Allowed checks that a policy in shadow mode would have denied.</summary>
    public required long ShadowDenied { get; init; }

    /// <summary>Checks decided without the store, according to their policy's on_store_failure.</summary>
    public required long Degraded { get; init; }

    /// <summary>
    /// The number of distinct users checked in the hours that the span touches. An estimate, mostly within 2 %.
    /// </summary>
    public required long DistinctUsers { get; init; }

    /// <summary>
    /// The median decision latency of these hours in milliseconds, within 7 %; null without a decision. It is the time in
    /// which the service decides, including the store; for a check of a batch, that of the batch.
    /// </summary>
    public double? P50Ms { get; init; }

    /// <summary>The 99th percentile of the same latency.</summary>
    public double? P99Ms { get; init; }
}

/// <summary>The figures of each minute or hour.</summary>
/// <param name="From">Start of the first bucket, UTC.</param>
/// <param name="To">End of the last bucket, UTC.</param>
/// <param name="Bucket">The length of a bucket.</param>
/// <param name="Buckets">The buckets, oldest first, including those without a check.</param>
public sealed record AnalyticsTimeSeriesResponse(
    DateTime From,
    DateTime To,
    BucketSize Bucket,
    IReadOnlyList<AnalyticsBucketResponse> Buckets
);

/// <summary>The figures of one minute or hour.</summary>
public sealed record AnalyticsBucketResponse
{
    /// <summary>Start of the bucket, UTC.</summary>
    public required DateTime Start { get; init; }

    /// <summary>All decided checks, allowed and denied.</summary>
    public required long Checks { get; init; }

    /// <summary>Checks that were allowed.</summary>
    public required long Allowed { get; init; }

    /// <summary>Checks that were denied.</summary>
    public required long Denied { get; init; }

    /// <summary>Allowed checks that a policy in shadow mode would have denied.</summary>
    public required long ShadowDenied { get; init; }

    /// <summary>Checks decided without the store.</summary>
    public required long Degraded { get; init; }
}

/// <summary>The users, routes or subjects with the most checks or denials.</summary>
/// <param name="From">Start of the counted span, UTC.</param>
/// <param name="To">End of the counted span, UTC.</param>
/// <param name="By">What is listed.</param>
/// <param name="Subject">The name of the subject that is listed; null unless it is one.</param>
/// <param name="Of">What is counted.</param>
/// <param name="Entries">
/// The users, routes or values of the subject, in descending order; those with a count of 0 are omitted.
/// </param>
/// <param name="Other">
/// The number of checks or denials of all that are not among the entries; null for users, of whom some may not be kept.
/// </param>
public sealed record AnalyticsTopResponse(
    DateTime From,
    DateTime To,
    TopDimension By,
    string? Subject,
    TopMetric Of,
    IReadOnlyList<TopEntryResponse> Entries,
    long? Other
);

/// <summary>A user, a route or a value of a subject.</summary>
/// <param name="Name" example="alice">The user's id, the route's key, or the value of the subject.</param>
/// <param name="Count" example="120">The number of checks or denials.</param>
public sealed record TopEntryResponse(string Name, long Count);

internal sealed class AnalyticsProfile : Profile
{
    public AnalyticsProfile()
    {
        CreateMap<AnalyticsSummary, AnalyticsSummaryResponse>()
            .ForMember(to => to.From, map => map.MapFrom(from => from.Span.From.UtcDateTime))
            .ForMember(to => to.To, map => map.MapFrom(from => from.Span.To.UtcDateTime))
            .ForMember(to => to.Checks, map => map.MapFrom(from => from.Tally.Checks))
            .ForMember(to => to.Allowed, map => map.MapFrom(from => from.Tally.Allowed))
            .ForMember(to => to.Denied, map => map.MapFrom(from => from.Tally.Denied))
            .ForMember(to => to.ShadowDenied, map => map.MapFrom(from => from.Tally.ShadowDenied))
            .ForMember(to => to.Degraded, map => map.MapFrom(from => from.Tally.Degraded))
            .ForMember(to => to.P50Ms, map => map.MapFrom(from => Milliseconds(from.MedianTime)))
            .ForMember(
                to => to.P99Ms,
                map => map.MapFrom(from => Milliseconds(from.Percentile99Time))
            );
        CreateMap<AnalyticsBucket, AnalyticsBucketResponse>()
            .ForMember(to => to.Start, map => map.MapFrom(from => from.Start.UtcDateTime))
            .ForMember(to => to.Checks, map => map.MapFrom(from => from.Tally.Checks))
            .ForMember(to => to.Allowed, map => map.MapFrom(from => from.Tally.Allowed))
            .ForMember(to => to.Denied, map => map.MapFrom(from => from.Tally.Denied))
            .ForMember(to => to.ShadowDenied, map => map.MapFrom(from => from.Tally.ShadowDenied))
            .ForMember(to => to.Degraded, map => map.MapFrom(from => from.Tally.Degraded));
        CreateMap<TopEntry, TopEntryResponse>();
    }

    // More digits would claim a precision that the estimate does not have.
    private static double? Milliseconds(TimeSpan? time) =>
        time is { } known ? Math.Round(known.TotalMilliseconds, 3) : null;
}
