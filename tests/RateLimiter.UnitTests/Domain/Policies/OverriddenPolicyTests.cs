using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;
using RateLimiter.UnitTests.Domain.Overrides;

namespace RateLimiter.UnitTests.Domain.Policies;

public sealed class OverriddenPolicyTests
{
    [Test]
    public void Under_LimitOfAnyAlgorithm_HasOtherPermitsAndTheSameCounters(
        [Values] Algorithm algorithm,
        [Values(0, 1, 7, 5000)] long permits
    )
    {
        var limit = TestData.Limit(permits: 10, algorithm: algorithm);

        var changed = Changed(limit, permits);

        Assert.That(changed.Permits, Is.EqualTo(permits));
        Assert.That(changed.Epoch, Is.EqualTo(limit.Epoch));
        Assert.That(changed.Per, Is.EqualTo(limit.Per));
        Assert.That(changed.GetType(), Is.EqualTo(limit.GetType()));
    }

    [TestCase(10, 20, 30, 60)]
    [TestCase(10, 5, 20, 10)]
    [TestCase(10, 5, 15, 7)]
    [TestCase(10, 1, 5, 1)]
    [TestCase(10, 5, 0, 5)]
    [TestCase(0, 5, 10, 5)]
    public void Under_BucketWithABurst_ChangesItInProportion(
        long permits,
        long burst,
        long changed,
        long expected
    ) =>
        Assert.That(
            (
                (BucketLimit)Changed(
                    TestData.Limit(
                        permits: permits,
                        algorithm: Algorithm.TokenBucket,
                        burst: burst
                    ),
                    changed
                )
            ).Burst,
            Is.EqualTo(expected)
        );

    [TestCase(Algorithm.TokenBucket, 30)]
    [TestCase(Algorithm.LeakyBucket, 1)]
    public void Under_BucketWithoutABurst_HasThatOfItsAlgorithm(
        Algorithm algorithm,
        long capacity
    ) =>
        Assert.That(
            Changed(TestData.Limit(algorithm: algorithm), 30).Capacity,
            Is.EqualTo(capacity)
        );

    [Test]
    public void Under_MoreThanIsExact_IsTheMostThatIs([Values] Algorithm algorithm)
    {
        var limit = TestData.Limit(
            windowSeconds: Limit.MaxWindowSeconds,
            algorithm: algorithm,
            burst: Limit.IsBucket(algorithm) ? 1 : null
        );

        var changed = Changed(limit, Limit.MaxPermits);

        Assert.That(
            changed.Permits,
            Is.EqualTo(
                algorithm switch
                {
                    Algorithm.FixedWindow or Algorithm.Calendar or Algorithm.Concurrency =>
                        Limit.MaxPermits,
                    Algorithm.SlidingLog => Limit.MaxLoggedPermits,
                    _ => (1L << 53) / (Limit.MaxWindowSeconds * 1000L),
                }
            )
        );
        Assert.That(changed is not RateLimit rate || rate.IsExact, Is.True);
    }

    [Test]
    public void Under_SeveralLimits_ChangesThoseThatAreNamedAndOfTheSubject()
    {
        var policy = TestData.Policy(
            limits:
            [
                TestData.Limit("user"),
                TestData.Limit("org", per: ["org"]),
                TestData.Limit("both", per: ["org", "user_id"]),
                TestData.Limit("all", per: []),
                TestData.Limit("other"),
            ]
        );

        var changed = policy.Under(
            OverrideCases.Of(
                OverrideCases.Limits(
                    limits: [("user", 1), ("org", 2), ("both", 3), ("all", 4), ("unknown", 5)]
                )
            )
        );

        Assert.That(
            changed.Limits.Select(limit => limit.Permits),
            Is.EqualTo(new[] { 1, 10, 3, 10, 10 })
        );
        Assert.That(changed.Limits[4], Is.SameAs(policy.Limits[4]));
    }

    [Test]
    public void Under_NothingThatItChanges_HasTheSameLimits([Values] OverrideEffect effect)
    {
        var policy = TestData.Policy();

        var changed = policy.Under(
            OverrideCases.Of(
                effect == OverrideEffect.Limits
                    ? OverrideCases.Limits(limits: ("unknown", 1))
                    : OverrideCases.Definition(effect: effect)
            )
        );

        Assert.That(changed.Limits, Is.SameAs(policy.Limits));
        Assert.That(changed.IsDecidedByOverride, Is.EqualTo(effect != OverrideEffect.Limits));
    }

    [Test]
    public void Under_TheSameOverride_IsTheSamePolicyEachTime()
    {
        var policy = TestData.Policy();
        var it = OverrideCases.Of(OverrideCases.Limits());

        var first = policy.Under(it);
        var second = policy.Under(it);

        Assert.That(second, Is.SameAs(first));
    }

    private static Limit Changed(Limit limit, long permits) =>
        TestData
            .Policy(limits: limit)
            .Under(OverrideCases.Of(OverrideCases.Limits(limits: (limit.Name, permits))))
            .Limits[0];
}
