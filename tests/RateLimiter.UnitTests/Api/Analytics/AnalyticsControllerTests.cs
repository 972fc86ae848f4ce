using MediatR;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Api.Analytics;
using RateLimiter.Application.Analytics;

namespace RateLimiter.UnitTests.Api.Analytics;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class AnalyticsControllerTests
{
    private readonly Mock<IMediator> mediator = new();
    private readonly DefaultHttpContext http = Requests.ContextOfClient();
    private readonly FakeTimeProvider time = new(TestData.Moment);

    [Test]
    public async Task Summarize_NoTimes_IsOfTheLastDay()
    {
        var span = new AnalyticsSpan(TestData.Moment.AddDays(-1), TestData.Moment);
        SetUp(
            new AnalyticsSummaryQuery(TestData.Client, span),
            new AnalyticsSummary(
                new Tally(5, 3, 2, 1, 4),
                6,
                TimeSpan.FromTicks(12_345),
                null,
                span.RoundTo(BucketSize.Minute)
            )
        );

        var answer = await Controller().SummarizeAsync(null, null, Spans, default);

        Assert.That(
            Value(answer),
            Is.EqualTo(
                new AnalyticsSummaryResponse
                {
                    From = new DateTime(2026, 2, 2, 4, 5, 0, DateTimeKind.Utc),
                    To = new DateTime(2026, 2, 3, 4, 6, 0, DateTimeKind.Utc),
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

    [TestCase(BucketSize.Minute, 60)]
    [TestCase(BucketSize.Hour, 24 * 60)]
    public async Task ListBuckets_NoTimes_IsOfTheLastHourOrDay(BucketSize size, int minutes)
    {
        var span = new AnalyticsSpan(TestData.Moment.AddMinutes(-minutes), TestData.Moment);
        SetUp(
            new AnalyticsTimeSeriesQuery(TestData.Client, span, size, "search", "free"),
            (IReadOnlyList<AnalyticsBucket>)
                [new AnalyticsBucket(span.RoundTo(size).From, new Tally(5, 3, 2, 1, 4))]
        );

        var answer = await Controller().ListBucketsAsync(null, null, "search", "free", Spans, size);

        var series = (AnalyticsTimeSeriesResponse)Value(answer);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(series.Bucket, Is.EqualTo(size));
            Assert.That(series.From, Is.EqualTo(span.RoundTo(size).From.UtcDateTime));
            Assert.That(series.To, Is.EqualTo(span.RoundTo(size).To.UtcDateTime));
            Assert.That(
                series.Buckets,
                Is.EqualTo([
                    new AnalyticsBucketResponse
                    {
                        Start = series.From,
                        Checks = 5,
                        Allowed = 3,
                        Denied = 2,
                        ShadowDenied = 1,
                        Degraded = 4,
                    },
                ])
            );
        }
    }

    [Test]
    public async Task ListBuckets_AsManyAsThereCanBe_AreListedAndOneMoreIsRefused()
    {
        var to = TestData
            .Moment.AddSeconds(-TestData.Moment.Second)
            .AddMilliseconds(-TestData.Moment.Millisecond);
        mediator
            .Setup(it => it.Send(It.IsAny<AnalyticsTimeSeriesQuery>(), default))
            .ReturnsAsync([]);

        var most = await ListAsync(to.AddMinutes(-1500));
        var tooMany = await ListAsync(to.AddMinutes(-1500).AddTicks(-1));

        Assert.That(most, Is.TypeOf<OkObjectResult>());
        MustRefuseFrom(tooMany);

        Task<IActionResult> ListAsync(DateTimeOffset from) =>
            Controller().ListBucketsAsync(from, to, null, null, Spans);
    }

    [Test]
    public async Task ListTop_NothingNamed_IsOfUsersByChecks()
    {
        var span = new AnalyticsSpan(TestData.Moment.AddDays(-1), TestData.Moment);
        SetUp(
            new AnalyticsTopQuery(TestData.Client, span, TopDimension.User, TopMetric.Checks, 10),
            (IReadOnlyList<TopEntry>)[new TopEntry("alice", 7)]
        );

        var answer = await Controller().ListTopAsync(null, null, Spans);

        var top = (AnalyticsTopResponse)Value(answer);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(top.From, Is.EqualTo(span.RoundTo(BucketSize.Hour).From.UtcDateTime));
            Assert.That(top.To, Is.EqualTo(span.RoundTo(BucketSize.Hour).To.UtcDateTime));
            Assert.That((top.By, top.Of), Is.EqualTo((TopDimension.User, TopMetric.Checks)));
            Assert.That(top.Entries, Is.EqualTo([new TopEntryResponse("alice", 7)]));
        }
    }

    [TestCase(0)]
    [TestCase(1)]
    public async Task AnyOfThem_FromNotBeforeTo_IsRefused(int seconds)
    {
        var from = TestData.Moment.AddSeconds(seconds);

        MustRefuseFrom(await Controller().SummarizeAsync(from, TestData.Moment, Spans, default));
        MustRefuseFrom(await Controller().ListTopAsync(from, TestData.Moment, Spans));
        MustRefuseFrom(
            await Controller().ListBucketsAsync(from, TestData.Moment, null, null, Spans)
        );
        mediator.VerifyNoOtherCalls();
    }

    [Test]
    public async Task AnyOfThem_EndAtTheBeginningOfTime_IsRefused() =>
        MustRefuseFrom(
            await Controller().SummarizeAsync(null, DateTimeOffset.MinValue, Spans, default)
        );

    private static object Value(IActionResult answer) => ((OkObjectResult)answer).Value!;

    private static void MustRefuseFrom(IActionResult answer)
    {
        var problem = (ValidationProblemDetails)answer.Problem();
        Assert.That(problem.Status, Is.EqualTo(400));
        Assert.That(problem.Errors.Keys, Is.EqualTo(["from"]));
    }

    private void SetUp<T>(IRequest<T> query, T answer) =>
        mediator.Setup(it => it.Send(query, It.IsAny<CancellationToken>())).ReturnsAsync(answer);

    private AnalyticsSpans Spans => new(time);

    private AnalyticsController Controller() =>
        new(mediator.Object, Mapping.Mapper)
        {
            ControllerContext = new ControllerContext { HttpContext = http },
        };
}
