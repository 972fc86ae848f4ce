using RateLimiter.Api.Dashboard.Formatting;
using RateLimiter.Application.Analytics;

namespace RateLimiter.Api.Dashboard.Components;

/// <summary>A span of time that can be chosen, and how finely it is drawn.</summary>
/// <param name="Name">As it is chosen.</param>
/// <param name="Words">As it follows a figure.</param>
/// <param name="Length">How long it is.</param>
/// <param name="Bucket">What is asked for.</param>
/// <param name="Step">How long each bar is, which is several buckets.</param>
/// <param name="Format">How the time of a bar is written.</param>
public sealed record OverviewSpan(
    string Name,
    string Words,
    TimeSpan Length,
    BucketSize Bucket,
    TimeSpan Step,
    string Format
)
{
    public static readonly IReadOnlyList<OverviewSpan> All =
    [
        new(
            "1 h",
            "in the last hour",
            TimeSpan.FromHours(1),
            BucketSize.Minute,
            TimeSpan.FromMinutes(1),
            "HH:mm"
        ),
        new(
            "24 h",
            "in the last 24 hours",
            TimeSpan.FromHours(24),
            BucketSize.Minute,
            TimeSpan.FromMinutes(30),
            "HH:mm"
        ),
        new(
            "7 d",
            "in the last 7 days",
            TimeSpan.FromDays(7),
            BucketSize.Hour,
            TimeSpan.FromHours(6),
            "d MMM HH:mm"
        ),
        new(
            "30 d",
            "in the last 30 days",
            TimeSpan.FromDays(30),
            BucketSize.Hour,
            TimeSpan.FromDays(1),
            "d MMM"
        ),
    ];

    /// <summary>Adds buckets up to bars, which begin at whole steps of the viewer's day.</summary>
    public IReadOnlyList<ChecksBar> Summarize(
        IReadOnlyList<AnalyticsBucket> buckets,
        ViewerClock clock
    ) =>
        [
            .. buckets
                .GroupBy(bucket =>
                {
                    var local = clock.ToLocal(bucket.Start).DateTime;
                    return local.Date + Step * Math.Floor(local.TimeOfDay / Step);
                })
                .Select(group => new ChecksBar(
                    group.Key,
                    group.Sum(bucket => bucket.Tally.Allowed),
                    group.Sum(bucket => bucket.Tally.Denied)
                )),
        ];
}

/// <param name="Start">When it begins, where the viewer is.</param>
/// <param name="Allowed">Checks allowed in it.</param>
/// <param name="Denied">Checks denied in it.</param>
public sealed record ChecksBar(DateTime Start, long Allowed, long Denied);
