using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Usage;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Usage;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RefundHandlerTests
{
    private readonly Mock<ICounterStore> counters = new(MockBehavior.Strict);
    private readonly StoreFallback fallback = A.Fallback(StoreFailureMode.Local);

    [Test]
    public async Task Handle_NoPolicyApplies_IsNullAndGivesNothing() =>
        Assert.That(await GiveAsync(A.Policy("other")), Is.Null);

    [TestCase("search", null, 1)]
    [TestCase("search", null, 7)]
    [TestCase("*", "search", 7)]
    public async Task Handle_ActivePolicy_GivesTheCostBack(
        string policyRoute,
        string? counted,
        long cost
    )
    {
        var policy = A.Policy(policyRoute);
        var given = A.Decision(policy);
        counters
            .Setup(it =>
                it.RefundAsync(
                    new PermitRequest(new Subject(A.Client, "alice", counted), policy, cost),
                    It.IsAny<CancellationToken>()
                )
            )
            .ReturnsAsync(given);

        Assert.That(await GiveAsync(policy, cost), Is.SameAs(given));
    }

    [Test]
    public async Task Handle_CountedHereWhileTheStoreWasAway_IsGivenBackHereToo()
    {
        var policy = A.Policy(limits: A.Limit(permits: 2));
        counters
            .Setup(it => it.RefundAsync(It.IsAny<PermitRequest>(), It.IsAny<CancellationToken>()))
            .ReturnsAsync(A.Decision(policy));
        var request = new PermitRequest(new Subject(A.Client, "alice", null), policy, 1);
        fallback.Decide(request);
        fallback.Decide(request);

        await GiveAsync(policy, 1);

        Assert.That(fallback.Decide(request).Allowed);
        Assert.That(fallback.Decide(request).Allowed, Is.False);
    }

    [Test]
    public async Task Handle_InactivePolicy_GivesNothingBack()
    {
        var decision = await GiveAsync(A.Policy(isActive: false));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision!.Reason, Is.EqualTo(Decision.PolicyInactive));
            Assert.That(decision.DecidedAt, Is.EqualTo(A.Moment));
        }
    }

    [Test]
    public void Handle_StoreUnavailable_ThrowsAndDoesNotTryAgain()
    {
        counters
            .Setup(it => it.RefundAsync(It.IsAny<PermitRequest>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new StoreUnavailableException("gone"));

        Assert.That(() => GiveAsync(A.Policy()), Throws.TypeOf<StoreUnavailableException>());
        counters.Verify(
            it => it.RefundAsync(It.IsAny<PermitRequest>(), It.IsAny<CancellationToken>()),
            Times.Once
        );
    }

    private Task<Decision?> GiveAsync(Policy policy, long cost = 1) =>
        new RefundHandler(counters.Object, fallback, new FakeTimeProvider(A.Moment)).Handle(
            new RefundCommand(
                A.Snapshot(A.Client, policies: policy),
                new Check("alice", "search", "free", cost)
            ),
            CancellationToken.None
        );
}
