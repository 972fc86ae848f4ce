using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Analytics;

/// <summary>The rules of spans of time, and of what a top list lists.</summary>
public static class AnalyticsRules
{
    /// <summary>The most buckets of a time series.</summary>
    public const int MaxBuckets = 1500;

    /// <summary>Describes what is wrong with the start of a span; null when nothing is.</summary>
    public static string? StartProblem(AnalyticsSpan span) =>
        span.From < span.To ? null : "must be before the end";

    /// <summary>Describes what is wrong with the start of a time series; null when nothing is.</summary>
    public static string? StartProblem(AnalyticsSpan span, BucketSize bucket) =>
        StartProblem(span)
        ?? (
            span.CountOf(bucket) > MaxBuckets
                ? $"is more than {MaxBuckets} {(bucket == BucketSize.Minute ? "minutes" : "hours")} before the end"
                : null
        );

    /// <summary>Describes what is wrong with the name of the subject of a top list; null when nothing is.</summary>
    public static string? SubjectProblem(TopDimension by, string? subject) =>
        (by, subject) switch
        {
            (TopDimension.Subject, null) => "is required with by=subject",
            (TopDimension.Subject, _) => SubjectNames.Problem(subject),
            (_, null) => null,
            _ => "is only for by=subject",
        };
}
