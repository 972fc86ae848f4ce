using RateLimiter.Api.Analytics;
using RateLimiter.Application.Analytics;

namespace RateLimiter.UnitTests.Api.Analytics;

/// <summary>Figures that a test over HTTP cannot choose: times, and degraded checks.</summary>
public sealed class AnalyticsResponsesTests
{
    private static readonly Tally Figures = new(5, 3, 2, 1, 4);

    [Test]
    public void Map_Summary_TakesOverEveryFigure()
    {
        var span = new AnalyticsSpan(TestData.Moment.AddDays(-1), TestData.Moment);

        Assert.That(
            Mapping.Mapper.Map<AnalyticsSummaryResponse>(
                new AnalyticsSummary(Figures, 6, TimeSpan.FromTicks(12_345), null, span)
            ),
            Is.EqualTo(
                new AnalyticsSummaryResponse
                {
                    From = span.From.UtcDateTime,
                    To = span.To.UtcDateTime,
                    Checks = 5,
                    Allowed = 3,
                    Denied = 2,
                    ShadowDenied = 1,
                    Degraded = 4,
                    DistinctUsers = 6,
                    P50Ms = 1.234,
                    P99Ms = null,
                }
            )
        );
    }

    [Test]
    public void Map_Bucket_TakesOverEveryFigure() =>
        Assert.That(
            Mapping.Mapper.Map<AnalyticsBucketResponse>(
                new AnalyticsBucket(TestData.Moment, Figures)
            ),
            Is.EqualTo(
                new AnalyticsBucketResponse
                {
                    Start = TestData.Moment.UtcDateTime,
                    Checks = 5,
                    Allowed = 3,
                    Denied = 2,
                    ShadowDenied = 1,
                    Degraded = 4,
                }
            )
        );
}
