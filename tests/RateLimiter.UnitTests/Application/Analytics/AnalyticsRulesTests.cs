using RateLimiter.Application.Analytics;

namespace RateLimiter.UnitTests.Application.Analytics;

public sealed class AnalyticsRulesTests
{
    [TestCase(-1, "must be before the end")]
    [TestCase(0, "must be before the end")]
    [TestCase(1, null)]
    public void StartProblem_Span_MustBeBeforeTheEnd(int minutes, string? message) =>
        Assert.That(AnalyticsRules.StartProblem(Span(minutes)), Is.EqualTo(message));

    [TestCase(0, BucketSize.Minute, "must be before the end")]
    [TestCase(1499, BucketSize.Minute, null)]
    [TestCase(1501, BucketSize.Minute, "is more than 1500 minutes before the end")]
    [TestCase(1499 * 60, BucketSize.Hour, null)]
    [TestCase(1501 * 60, BucketSize.Hour, "is more than 1500 hours before the end")]
    public void StartProblem_Buckets_MustNotBeTooMany(
        int minutes,
        BucketSize bucket,
        string? message
    ) => Assert.That(AnalyticsRules.StartProblem(Span(minutes), bucket), Is.EqualTo(message));

    [TestCase(TopDimension.User, null, null)]
    [TestCase(TopDimension.Route, null, null)]
    [TestCase(TopDimension.Route, "org", "is only for by=subject")]
    [TestCase(TopDimension.Subject, "org", null)]
    [TestCase(TopDimension.Subject, null, "is required with by=subject")]
    [TestCase(TopDimension.Subject, "user_id", "must not be user_id")]
    public void SubjectProblem_Name_IsThereExactlyForASubject(
        TopDimension by,
        string? subject,
        string? message
    ) => Assert.That(AnalyticsRules.SubjectProblem(by, subject), Is.EqualTo(message));

    private static AnalyticsSpan Span(int minutes) =>
        new(TestData.Moment, TestData.Moment.AddMinutes(minutes));
}
