using Microsoft.Extensions.Time.Testing;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Overrides;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Checks;
using RateLimiter.UnitTests.Domain.Overrides;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Checks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DenialCacheTests
{
    private static readonly Policy Policy = TestData.Policy();

    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly StoreTime clock;
    private readonly DenialCache cache;
    private bool isHeard = true;

    public DenialCacheTests() =>
        (clock, cache) = (new StoreTime(time), new DenialCache(() => isHeard));

    [Test]
    public void Find_AnotherOverrideOrNone_IsTheStores()
    {
        var first = OverrideCases.Of(OverrideCases.Limits());
        var overridden = Policy.Under(first);
        clock.Observe(TestData.Moment, time.GetTimestamp());
        Policy[] others =
        [
            Policy,
            Policy.Under(OverrideCases.Of(OverrideCases.Limits(), version: 2)),
            Policy.Under(OverrideCases.Of(OverrideCases.Limits(), "b")),
        ];

        foreach (var other in others)
        {
            foreach (var (denied, asked) in new[] { (overridden, other), (other, overridden) })
            {
                var denial = Decision.From(
                    TestData.Plan(denied),
                    [TestData.Status(wait: 30_000_000, remaining: 0)],
                    TestData.Moment,
                    TimeSpan.FromSeconds(30)
                );
                cache.Remember(
                    new StableDenial(Asked(denied).Slot, Asked(denied).Plan, denial),
                    cache.Generation
                );

                Assert.That(Find(Asked(denied), clock), Is.Not.Null);
                Assert.That(Find(Asked(asked), clock), Is.Null);
                // What was denied before is not known any more: permits can have been taken since.
                Assert.That(Find(Asked(denied), clock), Is.Null);
            }
        }

        // The same version that was loaded again.
        Assert.That(Override.AreSame(first, OverrideCases.Of(OverrideCases.Limits())), Is.True);
    }

    [Test]
    public void Find_BeforeItsEnd_IsTheDenialAsItIsThen()
    {
        Remember(Denial(seconds: 30));
        time.Advance(TimeSpan.FromSeconds(12));

        var found = Find()!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(found.Allowed, Is.False);
            Assert.That(found.RetryAfter, Is.EqualTo(TimeSpan.FromSeconds(18)));
            Assert.That(found.ResetIn, Is.EqualTo(TimeSpan.FromSeconds(48)));
            Assert.That(found.Remaining, Is.Zero);
            Assert.That(found.Violated, Is.EqualTo(new[] { "default" }));
            Assert.That(found.DecidedAt, Is.EqualTo(TestData.Moment.AddSeconds(12)));
        }
    }

    [TestCase(29_999, true)]
    [TestCase(30_000, false)]
    public void Find_AroundItsEnd_IsTheStoresFromTheEndOn(int milliseconds, bool isKnown)
    {
        Remember(Denial(seconds: 30));
        time.Advance(TimeSpan.FromMilliseconds(milliseconds));

        Assert.That(Find() is not null, Is.EqualTo(isKnown));
    }

    [TestCase(-1, true)]
    [TestCase(0, false)]
    public void Find_AroundTheEndOfACalendarPeriod_IsTheStoresFromTheEndOn(
        int microseconds,
        bool isKnown
    )
    {
        var limit = TestData.CalendarLimit(unit: CalendarUnit.Month, timeZone: "Europe/Berlin");
        var policy = TestData.Policy(limits: limit);
        var now = (TestData.Moment - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        var left = limit.Schedule.At(now).End - now;
        var denial = Decision.From(
            TestData.Plan(policy),
            [TestData.Status(wait: left, remaining: 0, reset: left, used: 10)],
            TestData.Moment,
            TimeSpan.FromMicroseconds(left)
        );
        clock.Observe(TestData.Moment, time.GetTimestamp());
        cache.Remember(
            new StableDenial(Asked(policy).Slot, Asked(policy).Plan, denial),
            cache.Generation
        );

        time.Advance(TimeSpan.FromMicroseconds(left + microseconds));
        var found = Find(Asked(policy), clock);

        Assert.That(
            found?.ResetsAt,
            Is.EqualTo(
                isKnown
                    ? new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.FromHours(1))
                    : (DateTimeOffset?)null
            )
        );
    }

    [Test]
    public void Find_TheStoreTookLong_EndsByTheQuestionAndWaitsByTheAnswer()
    {
        var (asked, generation) = (time.GetTimestamp(), cache.Generation);
        time.Advance(TimeSpan.FromSeconds(5));
        clock.Observe(TestData.Moment, asked);
        cache.Remember(Stable(Denial(seconds: 30)), generation);
        time.Advance(TimeSpan.FromSeconds(24));

        Assert.That(Find()!.RetryAfter, Is.EqualTo(TimeSpan.FromSeconds(6)));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(Find(), Is.Null);
    }

    // The seconds that pass on the store's wall clock while 10 s pass on this machine's clock.
    [TestCase(10, 20)]
    [TestCase(15, 15)]
    [TestCase(29, 1)]
    [TestCase(30, null)]
    [TestCase(3600, null)]
    [TestCase(5, 25)]
    [TestCase(0, 30)]
    [TestCase(-1, null)]
    [TestCase(-3600, null)]
    public void Find_TheStoresClockWasSet_IsTheDenialByThatClock(int seconds, int? wait)
    {
        Remember(Denial(seconds: 30));
        time.Advance(TimeSpan.FromSeconds(10));

        clock.Observe(TestData.Moment.AddSeconds(seconds), time.GetTimestamp());

        Assert.That(Find()?.RetryAfter?.TotalSeconds, Is.EqualTo(wait));
    }

    [Test]
    public void Find_AnotherPartOfTheStoreHasAnotherClock_IsNotMeasuredByIt()
    {
        Remember(Denial(seconds: 30));

        Assert.That(Find(Asked(Policy), new StoreTime(time)), Is.Null);
    }

    [Test]
    public void Find_OtherCounterCostOrVersion_IsTheStores()
    {
        Remember(Denial(seconds: 30));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Find(Asked(Policy, user: "bob"), clock), Is.Null);
            Assert.That(Find(Asked(Policy, cost: 2), clock), Is.Null);
            Assert.That(
                Find(Asked(Policy.Revise(Policy.Definition, TestData.Moment)), clock),
                Is.Null
            );
            Assert.That(Find(Asked(Policy with { }), clock), Is.Not.Null);
        }
    }

    [Test]
    public void Find_SubscriptionNotHealthy_AsksTheStoreUntilItIs()
    {
        Remember(Denial(seconds: 30));

        isHeard = false;
        Assert.That(Find(), Is.Null);
        isHeard = true;
        Assert.That(Find(), Is.Not.Null);
    }

    [Test]
    public void Find_Forgotten_IsTheStores([Values] bool all)
    {
        Remember(Denial(seconds: 30));

        Forget(all);

        Assert.That(Find(), Is.Null);
    }

    [Test]
    public void Remember_ForgottenWhileTheStoreWasAsked_IsNotKept([Values] bool all)
    {
        var generation = cache.Generation;

        Forget(all);
        clock.Observe(TestData.Moment, time.GetTimestamp());
        cache.Remember(Stable(Denial(seconds: 30)), generation);

        Assert.That(Find(), Is.Null);
    }

    // The first limit is of an organisation, which alice shares with bob.
    [TestCase("alice", "organisation", "user")]
    [TestCase("bob", "organisation")]
    public void Find_SeveralOwners_IsDeniedByTheCountersThatTheUserShares(
        string user,
        params string[] violated
    )
    {
        var policy = OfOrganisationAndUser(permits: 1, userPermits: 1);
        RememberEach(AskedOf(policy, "alice"));

        var found = Find(AskedOf(policy, user), clock)!;

        Assert.That(found.Allowed, Is.False);
        Assert.That(found.Granted, Is.Zero);
        Assert.That(found.Violated, Is.EqualTo(violated));
        Assert.That(found.Limits.Select(limit => limit.Name), Is.EqualTo(violated));
        Assert.That(
            found.RetryAfter,
            Is.EqualTo(TimeSpan.FromSeconds(10 * violated.Length)),
            "The longest wait."
        );
    }

    [Test]
    public void Find_SeveralOwnersAndAnotherOrganisation_IsTheStores()
    {
        var policy = OfOrganisationAndUser(permits: 1, userPermits: 1);
        RememberEach(AskedOf(policy, "alice"));

        Assert.That(Find(AskedOf(policy, "bob", organisation: "umbrella"), clock), Is.Null);
        Assert.That(Find(AskedOf(policy, "alice", organisation: "umbrella"), clock), Is.Null);
    }

    [TestCase(5, 5, true)]
    [TestCase(50, 50, false)]
    [TestCase(50, 5, true)]
    public void Find_SeveralOwnersAndAnUnknownLimitThatCanNeverPass_AsksTheStore(
        long cost,
        long minCost,
        bool isKnown
    )
    {
        var policy = OfOrganisationAndUser(permits: 100, userPermits: 10);
        RememberEach(AskedOf(policy, "alice", cost, minCost), count: 1);

        Assert.That(
            Find(AskedOf(policy, "bob", cost, minCost), clock) is not null,
            Is.EqualTo(isKnown)
        );
    }

    [Test]
    public void Find_OtherMinCost_IsTheStores()
    {
        var policy = OfOrganisationAndUser(permits: 100, userPermits: 100);
        RememberEach(AskedOf(policy, "alice", cost: 7, minCost: 3));

        Assert.That(Find(AskedOf(policy, "alice", cost: 7, minCost: 3), clock), Is.Not.Null);
        Assert.That(Find(AskedOf(policy, "alice", cost: 7, minCost: 2), clock), Is.Null);
        Assert.That(Find(AskedOf(policy, "alice", cost: 7), clock), Is.Null);
    }

    private static Policy OfOrganisationAndUser(long permits, long userPermits) =>
        TestData.Policy(
            limits:
            [
                TestData.Limit("organisation", permits, per: ["org"]),
                TestData.Limit("user", userPermits, per: ["org", "user_id"]),
            ]
        );

    private static KeyedPlan AskedOf(
        Policy policy,
        string user,
        long cost = 1,
        long? minCost = null,
        string organisation = "acme"
    ) => new(TestData.Plan(policy, cost, minCost, user, TestData.Subjects(("org", organisation))));

    /// <summary>Each of the first counters denies, for 10 s more than the one before it, and that is known for 10 s.</summary>
    private void RememberEach(KeyedPlan denied, int count = 2)
    {
        clock.Observe(TestData.Moment, time.GetTimestamp());
        for (var i = 0; i < count; i++)
        {
            var alone = Decision.Combine(
                denied.Plan.Policy,
                [denied.Plan.Limits[i]],
                [TestData.Status(wait: (i + 1) * 10_000_000, remaining: 0)],
                TestData.Moment,
                TimeSpan.FromSeconds(10)
            );
            cache.Remember(
                new StableDenial(denied.Counters[i], denied.Plan, alone),
                cache.Generation
            );
        }
    }

    private static KeyedPlan Asked(Policy policy, string user = "alice", long cost = 1) =>
        new KeyedPlan(new CheckPlan(new Subject(TestData.Client, user, null), policy, cost));

    private static StableDenial Stable(Decision denial) =>
        new(Asked(Policy).Slot, Asked(Policy).Plan, denial);

    private static Decision Denial(int seconds) =>
        Decision.From(
            TestData.Plan(Policy),
            [TestData.Status(wait: seconds * 1_000_000, remaining: 0)],
            TestData.Moment,
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
            cache.Forget(Asked(Policy).Slot!);
        }
    }

    private Decision? Find() => Find(Asked(Policy), clock);

    private Decision? Find(KeyedPlan asked, StoreTime clock) =>
        cache.Find(asked.Plan, asked.Counters, clock);

    private void Remember(Decision denial)
    {
        clock.Observe(denial.DecidedAt, time.GetTimestamp());
        cache.Remember(Stable(denial), cache.Generation);
    }
}
