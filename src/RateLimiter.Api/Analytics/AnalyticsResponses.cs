using AutoMapper;
using RateLimiter.Application.Analytics;

namespace RateLimiter.Api.Analytics;

/// <summary>The figures of a span of time.</summary>
public sealed record AnalyticsSummaryResponse
{
    /// <summary>From when on the checks are counted, UTC.</summary>
    public required DateTime From { get; init; }

    /// <summary>Up to when, UTC.</summary>
    public required DateTime To { get; init; }

    /// <summary>All checks that were decided: those allowed and those denied.</summary>
    public required long Checks { get; init; }

    /// <summary>With allowed: true.</summary>
    public required long Allowed { get; init; }

    /// <summary>With allowed: false.</summary>
    public required long Denied { get; init; }

    /// <summary>Of those allowed, those that a policy in shadow mode would have denied.</summary>
    public required long ShadowDenied { get; init; }

    /// <summary>Of all, those decided without the store, as their policy's on_store_failure says.</summary>
    public required long Degraded { get; init; }

    /// <summary>
    /// How many users were asked about in the hours that the span touches. An estimate, mostly within 2 %.
    /// </summary>
    public required long DistinctUsers { get; init; }

    /// <summary>
    /// The milliseconds that half of the decisions of these hours took at most, within 7 %; null without one. It is the time
    /// in which the service decides, with the store; for a check of a batch that of the batch.
    /// </summary>
    public double? P50Ms { get; init; }

    /// <summary>The same for 99 of 100 decisions.</summary>
    public double? P99Ms { get; init; }
}

/// <summary>The figures of each minute or hour.</summary>
/// <param name="From">When the first bucket begins, UTC.</param>
/// <param name="To">When the last one ends, UTC.</param>
/// <param name="Bucket">How long each is.</param>
/// <param name="Buckets">The buckets, oldest first, those without a check included.</param>
public sealed record AnalyticsTimeSeriesResponse(
    DateTime From,
    DateTime To,
    BucketSize Bucket,
    IReadOnlyList<AnalyticsBucketResponse> Buckets
);

/// <summary>The figures of a minute or an hour.</summary>
public sealed record AnalyticsBucketResponse
{
    /// <summary>When it begins, UTC.</summary>
    public required DateTime Start { get; init; }

    /// <summary>All checks that were decided: those allowed and those denied.</summary>
    public required long Checks { get; init; }

    /// <summary>With allowed: true.</summary>
    public required long Allowed { get; init; }

    /// <summary>With allowed: false.</summary>
    public required long Denied { get; init; }

    /// <summary>Of those allowed, those that a policy in shadow mode would have denied.</summary>
    public required long ShadowDenied { get; init; }

    /// <summary>Of all, those decided without the store.</summary>
    public required long Degraded { get; init; }
}

/// <summary>The users or routes with the most checks or denials.</summary>
/// <param name="From">From when on the checks are counted, UTC.</param>
/// <param name="To">Up to when, UTC.</param>
/// <param name="By">What is listed.</param>
/// <param name="Of">What is counted.</param>
/// <param name="Entries">The users or routes, most first; those without any are not there.</param>
public sealed record AnalyticsTopResponse(
    DateTime From,
    DateTime To,
    TopDimension By,
    TopMetric Of,
    IReadOnlyList<TopEntryResponse> Entries
);

/// <summary>A user or a route.</summary>
/// <param name="Name" example="alice">The user's id, or the route's key.</param>
/// <param name="Count" example="120">How many checks or denials.</param>
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

    // More digits would tell more than is known.
    private static double? Milliseconds(TimeSpan? time) =>
        time is { } known ? Math.Round(known.TotalMilliseconds, 3) : null;
}
