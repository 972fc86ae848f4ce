using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Usage;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Usage;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RefundHandlerTests
{
    private readonly Mock<ICounterStore> counters = new(MockBehavior.Strict);
    private readonly ChangeRecorder recorder = new();
    private readonly StoreFallback fallback = TestData.Fallback(StoreFailureMode.Local);

    [Test]
    public async Task Handle_NoPolicyApplies_IsNullAndGivesNothing() =>
        Assert.That(await GiveAsync(TestData.Policy("other")), Is.Null);

    [TestCase("search", null, 1)]
    [TestCase("search", null, 7)]
    [TestCase("*", "search", 7)]
    public async Task Handle_ActivePolicy_GivesTheCostBack(
        string policyRoute,
        string? counted,
        long cost
    )
    {
        var policy = TestData.Policy(policyRoute);
        var given = TestData.Decision(policy);
        counters
            .Setup(it =>
                it.RefundAsync(
                    new CheckPlan(new Subject(TestData.Client, "alice", counted), policy, cost),
                    It.IsAny<CancellationToken>()
                )
            )
            .ReturnsAsync(given);

        Assert.That(await GiveAsync(policy, cost), Is.SameAs(given));
        Assert.That(
            recorder.Changes,
            Is.EqualTo([
                TestData.Logged(given, role: "free", cost: cost) with
                {
                    Kind = LogEntryKind.Refund,
                    PartialGrant = null,
                },
            ])
        );
    }

    [Test]
    public async Task Handle_CountedHereWhileTheStoreWasAway_IsGivenBackHereToo()
    {
        var policy = TestData.Policy(limits: TestData.Limit(permits: 2));
        counters
            .Setup(it => it.RefundAsync(It.IsAny<CheckPlan>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(TestData.Decision(policy));
        var request = new CheckPlan(new Subject(TestData.Client, "alice", null), policy, 1);
        fallback.Decide(request);
        fallback.Decide(request);

        await GiveAsync(policy, 1);

        Assert.That(fallback.Decide(request).Allowed);
        Assert.That(fallback.Decide(request).Allowed, Is.False);
    }

    [Test]
    public async Task Handle_InactivePolicy_GivesNothingBack()
    {
        var decision = await GiveAsync(TestData.Policy(isActive: false));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision!.Reason, Is.EqualTo(Decision.PolicyInactive));
            Assert.That(decision.DecidedAt, Is.EqualTo(TestData.Moment));
            Assert.That(recorder.Changes, Is.Empty);
        }
    }

    [Test]
    public void Handle_StoreUnavailable_ThrowsAndDoesNotTryAgain()
    {
        counters
            .Setup(it => it.RefundAsync(It.IsAny<CheckPlan>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new StoreUnavailableException("gone"));

        Assert.That(() => GiveAsync(TestData.Policy()), Throws.TypeOf<StoreUnavailableException>());
        counters.Verify(
            it => it.RefundAsync(It.IsAny<CheckPlan>(), It.IsAny<CancellationToken>()),
            Times.Once
        );
        Assert.That(recorder.Changes, Is.Empty);
    }

    private async Task<Decision?> GiveAsync(Policy policy, long cost = 1)
    {
        var outcome = await new RefundHandler(
            counters.Object,
            fallback,
            TestData.Keys(),
            recorder.Recorder,
            new FakeTimeProvider(TestData.Moment)
        ).Handle(
            new RefundCommand(
                TestData.Snapshot(TestData.Client, policies: policy),
                new Check("alice", "search", "free", cost)
            ),
            CancellationToken.None
        );
        Assert.That(outcome.Problem is null, Is.EqualTo(outcome.Result is not null));
        return outcome.Result;
    }
}
