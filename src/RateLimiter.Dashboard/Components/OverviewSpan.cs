using RateLimiter.Application.Analytics;
using RateLimiter.Dashboard.Formatting;

namespace RateLimiter.Dashboard.Components;

/// <summary>A selectable time span, and the resolution of its chart.</summary>
/// <param name="Name">Its label in the selection.</param>
/// <param name="Words">Its description after a figure.</param>
/// <param name="Length">Its length.</param>
/// <param name="Bucket">The bucket size of the query.</param>
/// <param name="Step">The length of each bar, which is several buckets.</param>
/// <param name="Format">The time format of a bar.</param>
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

/// <param name="Start">When it begins, in the viewer's time zone.</param>
/// <param name="Allowed">Checks allowed in it.</param>
/// <param name="Denied">Checks denied in it.</param>
public sealed record ChecksBar(DateTime Start, long Allowed, long Denied);
