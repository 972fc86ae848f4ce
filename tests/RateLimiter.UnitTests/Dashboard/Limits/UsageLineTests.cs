using RateLimiter.Dashboard.Limits;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Dashboard.Limits;

public sealed class UsageLineTests
{
    [Test]
    public void Of_Bucket_TellsWhatIsUsedAndLeftOfItsBurst()
    {
        var decision = TestData.Decision(
            TestData.Policy(
                limits: TestData.Limit("default", 20, 60, Algorithm.TokenBucket, burst: 10)
            ),
            TestData.Status(remaining: 7, used: 3)
        );

        var line = UsageLine.Of(decision)[0];

        Assert.That(
            (line.Used, line.Capacity, line.Remaining, line.Share, line.ResetIn),
            Is.EqualTo((3L, 10L, 7L, 0.3, TimeSpan.FromMinutes(1)))
        );
    }

    [Test]
    public void Of_LimitOfNothing_IsUsedUp()
    {
        var decision = TestData.Decision(
            TestData.Policy(limits: TestData.Limit(permits: 0)),
            TestData.Status(wait: -1, remaining: 0, reset: 0)
        );

        var line = UsageLine.Of(decision)[0];

        Assert.That((line.Remaining, line.Share), Is.EqualTo((0L, 1.0)));
    }
}

public sealed class UsageSubjectTests
{
    private static readonly Policy Search = TestData.Policy();
    private static readonly Policy Any = TestData.Policy(PolicyKey.CatchAllRoute);
    private static readonly Policy AnyOfPremium = TestData.Policy(
        PolicyKey.CatchAllRoute,
        "premium"
    );

    [Test]
    public void Of_PolicyOfARoute_IsThereOnce() =>
        Assert.That(
            UsageSubject.Of([Search], [new("search", "default"), new("search", "premium")]),
            Is.EqualTo([new UsageSubject(Search, "search")])
        );

    [Test]
    public void Of_CatchAll_IsThereForEachRouteThatItDecided() =>
        Assert.That(
            UsageSubject.Of(
                [Search, Any, AnyOfPremium],
                [
                    new("search", "premium"),
                    new("a", "default"),
                    new("b", "guest"),
                    new("a", "premium"),
                ]
            ),
            Is.EqualTo([
                new UsageSubject(Search, "search"),
                new UsageSubject(Any, "a"),
                new UsageSubject(Any, "b"),
                new UsageSubject(AnyOfPremium, "a"),
            ])
        );

    [Test]
    public void Of_CatchAllWithoutRoute_IsThereToAskForOne() =>
        Assert.That(UsageSubject.Of([Any], []), Is.EqualTo([new UsageSubject(Any, null)]));

    [Test]
    public void OfRoute_RouteWithoutPolicy_IsUnderEachCatchAll() =>
        Assert.That(
            UsageSubject.OfRoute([Search, Any, AnyOfPremium], "upload"),
            Is.EqualTo([new UsageSubject(Any, "upload"), new UsageSubject(AnyOfPremium, "upload")])
        );

    [Test]
    public void OfRoute_RouteWithPolicy_IsUnderThatAlone() =>
        Assert.That(
            UsageSubject.OfRoute([Search, Any, AnyOfPremium], "search"),
            Is.EqualTo([new UsageSubject(Search, "search")])
        );
}
