using Microsoft.Extensions.Time.Testing;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis;

namespace RateLimiter.UnitTests.Infrastructure.Redis;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DenialCacheTests
{
    private static readonly Policy Policy = A.Policy();

    private readonly FakeTimeProvider time = new(A.Moment);
    private readonly DenialCache cache;
    private bool isHeard = true;

    public DenialCacheTests() => cache = new DenialCache(() => isHeard, time);

    [Test]
    public void Find_BeforeItsEnd_IsTheDenialAsItIsThen()
    {
        Remember(Denial(seconds: 30));
        time.Advance(TimeSpan.FromSeconds(12));

        var found = cache.Find("counter", Policy, 1)!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(found.Allowed, Is.False);
            Assert.That(found.RetryAfter, Is.EqualTo(TimeSpan.FromSeconds(18)));
            Assert.That(found.ResetIn, Is.EqualTo(TimeSpan.FromSeconds(48)));
            Assert.That(found.Remaining, Is.Zero);
            Assert.That(found.Violated, Is.EqualTo(new[] { "default" }));
            Assert.That(found.DecidedAt, Is.EqualTo(A.Moment.AddSeconds(12)));
        }
    }

    [TestCase(29_999, true)]
    [TestCase(30_000, false)]
    public void Find_AroundItsEnd_IsTheStoresFromTheEndOn(int milliseconds, bool isKnown)
    {
        Remember(Denial(seconds: 30));
        time.Advance(TimeSpan.FromMilliseconds(milliseconds));

        Assert.That(cache.Find("counter", Policy, 1) is not null, Is.EqualTo(isKnown));
    }

    [Test]
    public void Find_TheStoreTookLong_EndsByTheQuestionAndWaitsByTheAnswer()
    {
        var (asked, generation) = (time.GetTimestamp(), cache.Generation);
        time.Advance(TimeSpan.FromSeconds(5));
        cache.Remember("counter", 1, Denial(seconds: 30), asked, generation);
        time.Advance(TimeSpan.FromSeconds(24));

        Assert.That(
            cache.Find("counter", Policy, 1)!.RetryAfter,
            Is.EqualTo(TimeSpan.FromSeconds(6))
        );
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(cache.Find("counter", Policy, 1), Is.Null);
    }

    [Test]
    public void Find_OtherCounterCostOrVersion_IsTheStores()
    {
        Remember(Denial(seconds: 30));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(cache.Find("other", Policy, 1), Is.Null);
            Assert.That(cache.Find("counter", Policy, 2), Is.Null);
            Assert.That(
                cache.Find("counter", Policy.Revise(Policy.Definition, A.Moment), 1),
                Is.Null
            );
            Assert.That(cache.Find("counter", Policy with { }, 1), Is.Not.Null);
        }
    }

    [Test]
    public void Find_NewsIsNotHeard_IsTheStoresUntilItIs()
    {
        Remember(Denial(seconds: 30));

        isHeard = false;
        Assert.That(cache.Find("counter", Policy, 1), Is.Null);
        isHeard = true;
        Assert.That(cache.Find("counter", Policy, 1), Is.Not.Null);
    }

    [Test]
    public void Find_Forgotten_IsTheStores([Values] bool all)
    {
        Remember(Denial(seconds: 30));

        Forget(all);

        Assert.That(cache.Find("counter", Policy, 1), Is.Null);
    }

    [Test]
    public void Remember_ForgottenWhileTheStoreWasAsked_IsNotKept([Values] bool all)
    {
        var generation = cache.Generation;

        Forget(all);
        cache.Remember("counter", 1, Denial(seconds: 30), time.GetTimestamp(), generation);

        Assert.That(cache.Find("counter", Policy, 1), Is.Null);
    }

    private static Decision Denial(int seconds) =>
        Decision.From(
            Policy,
            [A.Status(wait: seconds * 1_000_000, remaining: 0)],
            A.Moment,
            TimeSpan.FromSeconds(seconds)
        );

    private void Forget(bool all)
    {
        if (all)
        {
            cache.Clear();
        }
        else
        {
            cache.Forget("counter");
        }
    }

    private void Remember(Decision denial) =>
        cache.Remember("counter", 1, denial, time.GetTimestamp(), cache.Generation);
}
