using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application.Analytics;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Checks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CheckHandlerTests
{
    private readonly Mock<ICounterStore> counters = new(MockBehavior.Strict);
    private readonly Mock<IDecisionLog> log = new();
    private readonly Mock<IAnalytics> analytics = new();
    private readonly FakeTimeProvider time = new(TestData.Moment);

    [Test]
    public async Task Handle_NoPolicyApplies_IsNullAndLeavesNoTrace()
    {
        var decision = await CheckAsync(TestData.Policy(route: "other"));

        Assert.That(decision, Is.Null);
        counters.VerifyNoOtherCalls();
        log.VerifyNoOtherCalls();
    }

    [Test]
    public async Task Handle_ActivePolicy_TakesTheCostFromItsCounters([Values(0, 1, 7)] long cost)
    {
        var policy = TestData.Policy();
        var taken = TestData.Decision(policy);
        SetUpTake(policy, cost, taken);

        var decision = await CheckAsync(policy, cost: cost);

        Assert.That(decision, Is.SameAs(taken));
    }

    [TestCase(0)]
    [TestCase(60_000_000)]
    [TestCase(LimitStatus.Never)]
    public async Task Handle_AnyVerdict_IsLogged(long wait)
    {
        var policy = TestData.Policy();
        var taken = TestData.Decision(policy, TestData.Status(wait, remaining: 3));
        SetUpTake(policy, cost: 7, taken);

        await CheckAsync(policy, cost: 7);

        log.Verify(
            it =>
                it.Record(TestData.Client, TestData.Logged(taken, "alice", "search", "default", 7)),
            Times.Once
        );
        log.VerifyNoOtherCalls();
    }

    [Test]
    public async Task Handle_CatchAllPolicy_IsCountedWithThePolicyAndTheTimeItTook()
    {
        var policy = TestData.Policy(route: "*");
        var taken = TestData.Decision(policy);
        counters
            .Setup(it => it.AcquireAsync(It.IsAny<CheckPlan>(), It.IsAny<CancellationToken>()))
            .Callback(() => time.Advance(TimeSpan.FromMilliseconds(7)))
            .ReturnsAsync(taken);

        await CheckAsync(policy);

        analytics.Verify(
            it =>
                it.Record(
                    TestData.Client,
                    policy,
                    TestData.Logged(taken, "alice", "search", "default", 1),
                    TimeSpan.FromMilliseconds(7)
                ),
            Times.Once
        );
        analytics.VerifyNoOtherCalls();
    }

    [Test]
    public async Task Handle_DefaultPolicyDecides_LogsTheRoleAskedForAndTheOneThatMatched()
    {
        var policy = TestData.Policy();
        SetUpTake(policy, cost: 1, TestData.Decision(policy));

        await CheckAsync(policy, role: "free");

        log.Verify(it =>
            it.Record(
                TestData.Client,
                It.Is<LogEntry>(line => line.Role == "free" && line.MatchedRole == "default")
            )
        );
    }

    [Test]
    public async Task Handle_MoreChecksThanTheClientMayMake_AsksNothingAndLeavesNoTrace()
    {
        var policy = TestData.Policy();
        var quota = TestData.CheckQuota(checksPerSecond: 2000);
        quota.Acquire(TestData.Client, 2000);

        var outcome = await SendAsync(policy, quota);

        Assert.That(outcome.Result, Is.Null);
        Assert.That(outcome.RetryAfter, Is.GreaterThan(TimeSpan.Zero));
        counters.VerifyNoOtherCalls();
        log.VerifyNoOtherCalls();
        analytics.VerifyNoOtherCalls();
    }

    [Test]
    public async Task Handle_ShadowDenial_IsLoggedAsOne()
    {
        var policy = TestData.Policy(mode: PolicyMode.Shadow);
        SetUpTake(
            policy,
            cost: 1,
            TestData.Decision(policy, TestData.Status(wait: 1, remaining: 0))
        );

        await CheckAsync(policy);

        log.Verify(it =>
            it.Record(TestData.Client, It.Is<LogEntry>(line => line.Allowed && line.ShadowDenied))
        );
    }

    [Test]
    public async Task Handle_CatchAllPolicy_CountsEachRouteForItself()
    {
        var policy = TestData.Policy(route: "*");
        var taken = TestData.Decision(policy);
        counters
            .Setup(it =>
                it.AcquireAsync(
                    new CheckPlan(new Subject(TestData.Client, "alice", "search"), policy, 1),
                    It.IsAny<CancellationToken>()
                )
            )
            .ReturnsAsync(taken);

        Assert.That(await CheckAsync(policy), Is.SameAs(taken));
    }

    [Test]
    public async Task Handle_InactivePolicy_AllowsWithoutTheCounterStore()
    {
        var decision = await CheckAsync(TestData.Policy(isActive: false), cost: 1_000_000_000);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision!.Allowed, Is.True);
            Assert.That(decision.Reason, Is.EqualTo(Decision.PolicyInactive));
            Assert.That(decision.DecidedAt, Is.EqualTo(TestData.Moment));
        }

        counters.VerifyNoOtherCalls();
    }

    [Test]
    public async Task Handle_InactivePolicy_IsLogged()
    {
        var decision = await CheckAsync(TestData.Policy(isActive: false));

        log.Verify(it => it.Record(TestData.Client, TestData.Logged(decision!)), Times.Once);
    }

    [Test]
    public async Task Handle_StoreDoesNotAnswer_DecidesAndLogsWithoutIt()
    {
        var policy = TestData.Policy();
        SetUpTake(policy, cost: 1, null);

        var decision = await CheckAsync(policy);

        Assert.That((decision!.Degraded, decision.Allowed), Is.EqualTo((true, false)));
        log.Verify(it => it.Record(TestData.Client, TestData.Logged(decision)), Times.Once);
    }

    [Test]
    public void Handle_TooManyWait_ThrowsAndLogsNothing()
    {
        counters
            .Setup(it => it.AcquireAsync(It.IsAny<CheckPlan>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new StoreUnavailableException("gone"));

        Assert.That(
            () => CheckAsync(TestData.Policy()),
            Throws.TypeOf<StoreUnavailableException>()
        );
        log.VerifyNoOtherCalls();
    }

    private void SetUpTake(Policy policy, long cost, Decision? decision) =>
        counters
            .Setup(it =>
                it.AcquireAsync(
                    new CheckPlan(new Subject(TestData.Client, "alice", null), policy, cost),
                    It.IsAny<CancellationToken>()
                )
            )
            .ReturnsAsync(decision);

    private async Task<Decision?> CheckAsync(
        Policy policy,
        string role = "default",
        long cost = 1
    ) => (await SendAsync(policy, TestData.CheckQuota(), role, cost)).Result;

    private Task<CheckOutcome<Decision>> SendAsync(
        Policy policy,
        CheckQuota quota,
        string role = "default",
        long cost = 1
    ) =>
        new CheckHandler(
            counters.Object,
            TestData.Fallback(),
            quota,
            TestData.Keys(),
            new DecisionRecorder(log.Object, analytics.Object, TestData.DecisionMetrics()),
            time
        ).Handle(
            new CheckCommand(
                TestData.Snapshot(TestData.Client, policies: policy),
                new Check("alice", "search", role, cost)
            ),
            CancellationToken.None
        );
}
