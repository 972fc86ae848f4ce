using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;
using RateLimiter.UnitTests.Domain.Overrides;

namespace RateLimiter.UnitTests.Domain.Checks;

public sealed class OverriddenDecisionTests
{
    [Test]
    public void NotAsked_Blocked_IsDeniedWhateverThePolicySays(
        [Values] PolicyMode mode,
        [Values] bool isActive,
        [Values] bool ends
    )
    {
        var decision = Decide(
            TestData.Policy(mode: mode, isActive: isActive),
            OverrideEffect.Blocked,
            ends ? TestData.Moment.AddSeconds(90) : null
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Allowed, Is.False);
            Assert.That(decision.Granted, Is.Zero);
            Assert.That(decision.Remaining, Is.Zero);
            Assert.That(decision.ShadowDenied, Is.False);
            Assert.That(decision.Reason, Is.EqualTo("Blocked"));
            Assert.That(
                decision.RetryAfter,
                Is.EqualTo(ends ? TimeSpan.FromSeconds(90) : (TimeSpan?)null)
            );
            Assert.That(decision.Violated, Is.Empty);
            Assert.That(decision.IsFailClosed, Is.False);
            Assert.That(decision.OverrideId, Is.EqualTo("a"));
        }
    }

    [Test]
    public void NotAsked_Unlimited_IsAllowedInFull([Values] bool isActive)
    {
        var decision = Decide(TestData.Policy(isActive: isActive), OverrideEffect.Unlimited);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Allowed, Is.True);
            Assert.That(decision.Granted, Is.EqualTo(3));
            Assert.That(decision.Reason, Is.Null);
            Assert.That(decision.OverrideId, Is.EqualTo("a"));
            Assert.That(decision.IsOverridden, Is.True);
        }
    }

    [Test]
    public void NotAsked_BlockThatHasJustEnded_WaitsForNothing() =>
        Assert.That(
            Decide(TestData.Policy(), OverrideEffect.Blocked, TestData.Moment).RetryAfter,
            Is.EqualTo(TimeSpan.Zero)
        );

    [Test]
    public void ByOverride_OtherLimits_IsTheSameDecision()
    {
        var decision = TestData.Decision(
            TestData.Policy().Under(OverrideCases.Of(OverrideCases.Limits()))
        );

        Assert.That(decision.ByOverride(1, TestData.Moment), Is.SameAs(decision));
        Assert.That((decision.OverrideId, decision.Limit), Is.EqualTo(("a", 5L)));
    }

    [Test]
    public void Plan_Overridden_IsCountedByEffect([Values] OverrideEffect effect)
    {
        var it =
            effect == OverrideEffect.Limits
                ? OverrideCases.Limits()
                : OverrideCases.Definition(effect: effect);
        var plan = TestData.Plan(TestData.Policy().Under(OverrideCases.Of(it)));

        Assert.That(
            (plan.IsCounted, plan.HasCounters),
            Is.EqualTo((effect == OverrideEffect.Limits, true))
        );
    }

    private static Decision Decide(
        Policy policy,
        OverrideEffect effect,
        DateTimeOffset? expiresAt = null
    ) =>
        Decision.NotAsked(
            TestData.Plan(
                policy.Under(
                    OverrideCases.Of(OverrideCases.Definition(effect: effect, expiresAt: expiresAt))
                ),
                cost: 3
            ),
            TestData.Moment
        );
}
