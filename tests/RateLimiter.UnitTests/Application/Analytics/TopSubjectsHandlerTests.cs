using Moq;
using RateLimiter.Application.Analytics;
using RateLimiter.Domain;

namespace RateLimiter.UnitTests.Application.Analytics;

public sealed class TopSubjectsHandlerTests
{
    [Test]
    public async Task Handle_PoliciesWithSubjects_ListsEachOnceWithoutTheUser()
    {
        var span = new AnalyticsSpan(TestData.Moment, TestData.Moment.AddHours(1));
        var analytics = new Mock<IAnalytics>();
        analytics
            .Setup(it =>
                it.ListTopAsync(
                    TestData.Client,
                    span,
                    TopDimension.Subject,
                    It.IsAny<string?>(),
                    TopMetric.Denied,
                    5,
                    CancellationToken.None
                )
            )
            .ReturnsAsync(
                (
                    ClientId _,
                    AnalyticsSpan _,
                    TopDimension _,
                    string? subject,
                    TopMetric _,
                    int _,
                    CancellationToken _
                ) => new TopEntries([new TopEntry($"of {subject}", 1)], 0)
            );
        var client = TestData.Snapshot(
            TestData.Client,
            policies:
            [
                TestData.Policy("a", limits: TestData.Limit(per: ["org", "user_id"])),
                TestData.Policy(
                    "b",
                    limits: [TestData.Limit(per: ["model", "org"]), TestData.Limit("user")]
                ),
            ]
        );

        var subjects = await new TopSubjectsHandler(analytics.Object).Handle(
            new TopSubjectsQuery(client, span, TopMetric.Denied, 5),
            CancellationToken.None
        );

        Assert.That(
            subjects.Select(it => $"{it.Key}: {it.Value.Entries.Single().Name}"),
            Is.EqualTo(["model: of model", "org: of org"])
        );
    }
}
