using Moq;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Stores;
using RateLimiter.Application.Usage;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Usage;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ResetUsageHandlerTests
{
    private readonly Mock<ICounterStore> counters = new(MockBehavior.Strict);
    private readonly ChangeRecorder recorder = new();
    private readonly StoreFallback fallback = TestData.Fallback(StoreFailureMode.Local);

    [Test]
    public async Task Handle_NoPolicyApplies_SaysSoAndForgetsNothing() =>
        Assert.That(await ResetAsync(TestData.Policy("other")), Is.TypeOf<CheckProblem.NoPolicy>());

    [TestCase("search", null, "alice")]
    [TestCase("search", null, "*")]
    [TestCase("*", "search", "alice")]
    public async Task Handle_Policy_ForgetsWhatThatUserHasUsed(
        string policyRoute,
        string? counted,
        string user
    )
    {
        var policy = TestData.Policy(policyRoute);
        SetUpReset(new Subject(TestData.Client, user, counted), policy);

        Assert.That(await ResetAsync(policy, user), Is.Null);
        counters.VerifyAll();
        var unused = TestData.Decision(policy, TestData.Status(remaining: 10, reset: 0));
        Assert.That(
            recorder.Changes,
            Is.EqualTo([
                TestData.Logged(unused, user, role: "free", cost: 0) with
                {
                    Kind = LogEntryKind.Reset,
                    PartialGrant = null,
                },
            ])
        );
    }

    [Test]
    public async Task Handle_InactivePolicy_ForgetsToo()
    {
        // Usage from before the policy was deactivated would count again when it is activated.
        var policy = TestData.Policy(isActive: false);
        SetUpReset(new Subject(TestData.Client, "alice", null), policy);

        Assert.That(await ResetAsync(policy), Is.Null);
        counters.VerifyAll();
    }

    [Test]
    public async Task Handle_CountedHereWhileTheStoreWasAway_IsForgottenHereToo()
    {
        var policy = TestData.Policy(limits: TestData.Limit(permits: 1));
        var request = new CheckPlan(new Subject(TestData.Client, "alice", null), policy, 1);
        SetUpReset(request.Subject, policy);
        fallback.Decide(request);
        Assert.That(fallback.Decide(request).Allowed, Is.False);

        await ResetAsync(policy);

        Assert.That(fallback.Decide(request).Allowed);
    }

    [Test]
    public void Handle_StoreUnavailable_Throws()
    {
        counters
            .Setup(it => it.ResetAsync(It.IsAny<CheckPlan>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new StoreUnavailableException("gone"));

        Assert.That(
            () => ResetAsync(TestData.Policy()),
            Throws.TypeOf<StoreUnavailableException>()
        );
        Assert.That(recorder.Changes, Is.Empty);
    }

    private void SetUpReset(Subject subject, Policy policy) =>
        counters
            .Setup(it =>
                it.ResetAsync(new CheckPlan(subject, policy, 0), It.IsAny<CancellationToken>())
            )
            .ReturnsAsync(TestData.Moment);

    private Task<CheckProblem?> ResetAsync(Policy policy, string user = "alice") =>
        new ResetUsageHandler(counters.Object, fallback, recorder.Recorder).Handle(
            new ResetUsageCommand(
                TestData.Snapshot(TestData.Client, policies: policy),
                new UsageKey(user, "search", "free")
            ),
            CancellationToken.None
        );
}
