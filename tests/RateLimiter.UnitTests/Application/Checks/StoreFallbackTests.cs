using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Checks;

public sealed class StoreFallbackTests
{
    [TestCase(StoreFailureMode.Deny, null, false)]
    [TestCase(StoreFailureMode.Allow, null, true)]
    [TestCase(StoreFailureMode.Local, null, true)]
    [TestCase(StoreFailureMode.Deny, StoreFailureMode.Allow, true)]
    [TestCase(StoreFailureMode.Allow, StoreFailureMode.Deny, false)]
    public void Decide_PolicyOrElseTheService_SaysWhatHappens(
        StoreFailureMode service,
        StoreFailureMode? policy,
        bool allowed
    )
    {
        var decision = Decide(TestData.Fallback(service), TestData.Policy(onStoreFailure: policy));

        Assert.That((decision.Degraded, decision.Allowed), Is.EqualTo((true, allowed)));
    }

    [Test]
    public void Decide_Denied_SaysWhyAndWhenToAskAgain()
    {
        var decision = Decide(TestData.Fallback(), TestData.Policy());

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Reason, Is.EqualTo(Decision.StoreDoesNotAnswer));
            Assert.That(decision.RetryAfter, Is.EqualTo(StoreFallback.RetryAfter));
            Assert.That(decision.Remaining, Is.Zero);
            Assert.That(decision.Violated, Is.Empty, "No limit said so.");
            Assert.That(decision.DecidedAt, Is.EqualTo(TestData.Moment));
        }
    }

    [Test]
    public void Decide_Allowed_CountsNothing()
    {
        var fallback = TestData.Fallback(StoreFailureMode.Allow);
        var policy = TestData.Policy(limits: TestData.Limit(permits: 2));

        for (var i = 0; i < 5; i++)
        {
            var decision = Decide(fallback, policy);
            Assert.That((decision.Allowed, decision.Remaining), Is.EqualTo((true, 2)));
        }
    }

    [TestCase(StoreFailureMode.Allow)]
    [TestCase(StoreFailureMode.Deny)]
    [TestCase(StoreFailureMode.Local)]
    public void Decide_CanNeverPass_IsDeniedAsAlways(StoreFailureMode mode)
    {
        var blocked = Decide(
            TestData.Fallback(mode),
            TestData.Policy(limits: TestData.Limit(permits: 0))
        );
        var expensive = Decide(
            TestData.Fallback(mode),
            TestData.Policy(limits: TestData.Limit(permits: 10)),
            cost: 11
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(blocked.Reason, Is.EqualTo(Decision.LimitIsZero));
            Assert.That(expensive.Reason, Is.EqualTo(Decision.CostAboveLimit));
            Assert.That(
                new[] { blocked, expensive }.Select(decision => decision.Allowed),
                Is.All.False
            );
            Assert.That(
                new[] { blocked, expensive }.Select(decision => decision.Degraded),
                Is.All.True
            );
            Assert.That(expensive.Violated, Is.EqualTo(new[] { "default" }));
        }
    }

    [TestCase(StoreFailureMode.Deny, 10, true, false)]
    [TestCase(StoreFailureMode.Deny, 0, false, false)]
    [TestCase(StoreFailureMode.Allow, 10, false, false)]
    [TestCase(StoreFailureMode.Local, 10, false, true)]
    [TestCase(StoreFailureMode.Local, 1, false, true)]
    public void Decide_Twice_TellsADenialByALimitFromOneByTheOutage(
        StoreFailureMode mode,
        int limit,
        bool isFailClosed,
        bool isCounted
    )
    {
        var (fallback, policy) = (
            TestData.Fallback(mode),
            TestData.Policy(limits: TestData.Limit(permits: limit))
        );
        Decide(fallback, policy);

        var decision = Decide(fallback, policy);

        Assert.That(
            (decision.IsFailClosed, decision.IsCounted),
            Is.EqualTo((isFailClosed, isCounted))
        );
    }

    [TestCase(StoreFailureMode.Deny)]
    [TestCase(StoreFailureMode.Local)]
    public void Decide_ShadowMode_DeniesNobody(StoreFailureMode mode)
    {
        var policy = TestData.Policy(mode: PolicyMode.Shadow, limits: TestData.Limit(permits: 1));
        var fallback = TestData.Fallback(mode);
        Decide(fallback, policy);

        Assert.That(Decide(fallback, policy).Allowed);
    }

    private static Decision Decide(StoreFallback fallback, Policy policy, long cost = 1) =>
        fallback.Decide(new CheckPlan(new Subject(TestData.Client, "alice", null), policy, cost));
}
