using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Usage;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Usage;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class UsageHandlerTests
{
    private readonly Mock<ICounterStore> counters = new(MockBehavior.Strict);

    [Test]
    public async Task Handle_NoPolicyApplies_IsNullAndAsksNothing() =>
        Assert.That(await LookAsync(TestData.Policy("other")), Is.Null);

    [TestCase("search", null)]
    [TestCase("*", "search")]
    public async Task Handle_ActivePolicy_LooksForACostOf1(string policyRoute, string? counted)
    {
        var policy = TestData.Policy(policyRoute);
        var seen = TestData.Decision(policy);
        counters
            .Setup(it =>
                it.PeekAsync(
                    new CheckPlan(new Subject(TestData.Client, "alice", counted), policy, 1),
                    It.IsAny<CancellationToken>()
                )
            )
            .ReturnsAsync(seen);

        Assert.That(await LookAsync(policy), Is.SameAs(seen));
    }

    [Test]
    public async Task Handle_InactivePolicy_AllowsWithoutTheCounterStore()
    {
        var decision = await LookAsync(TestData.Policy(isActive: false));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision!.Allowed, Is.True);
            Assert.That(decision.Reason, Is.EqualTo(Decision.PolicyInactive));
            Assert.That(decision.DecidedAt, Is.EqualTo(TestData.Moment));
        }
    }

    [Test]
    public void Handle_StoreUnavailable_Throws()
    {
        counters
            .Setup(it => it.PeekAsync(It.IsAny<CheckPlan>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new StoreUnavailableException("gone"));

        Assert.That(() => LookAsync(TestData.Policy()), Throws.TypeOf<StoreUnavailableException>());
    }

    private async Task<Decision?> LookAsync(Policy policy)
    {
        var outcome = await new UsageHandler(
            counters.Object,
            new FakeTimeProvider(TestData.Moment)
        ).Handle(
            new UsageQuery(
                TestData.Snapshot(TestData.Client, policies: policy),
                new UsageKey("alice", "search", "free")
            ),
            CancellationToken.None
        );
        Assert.That(outcome.Problem is null, Is.EqualTo(outcome.Result is not null));
        return outcome.Result;
    }
}
