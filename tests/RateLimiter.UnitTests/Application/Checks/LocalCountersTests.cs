using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Checks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LocalCountersTests
{
    private readonly LocalCounters counters = new();

    [Test]
    public void Take_EveryAlgorithm_AllowsTheLimitAndNoMore(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var limit = TestData.Limit(
            permits: 3,
            algorithm: algorithm,
            burst: Limit.IsBucket(algorithm) ? 3 : null
        );

        var decisions = Take(TestData.Policy(limits: limit), 5);

        Assert.That(
            decisions.Select(decision => decision.Allowed),
            Is.EqualTo(new[] { true, true, true, false, false })
        );
        Assert.That(decisions.Select(decision => decision.Degraded), Is.All.True);
        Assert.That(decisions[^1].RetryAfter, Is.GreaterThan(TimeSpan.Zero));
    }

    [Test]
    public void Take_TheWaitIsOver_AllowsAgain()
    {
        var policy = TestData.Policy(limits: TestData.Limit(permits: 1));
        var denied = Take(policy, 2)[1];

        Assert.That(Take(policy, 1, after: denied.RetryAfter!.Value)[0].Allowed);
    }

    [Test]
    public void Take_ClockWasADayAhead_CountsOnFromNow(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var policy = TestData.Policy(limits: TestData.Limit(permits: 1, algorithm: algorithm));
        Take(policy, 1, after: TimeSpan.FromDays(1));

        Assert.That(
            Take(policy, 2).Select(decision => decision.Allowed),
            Is.EqualTo(new[] { true, false })
        );
    }

    [Test]
    public void Take_OneOfSeveralLimitsDenies_TakesFromNone()
    {
        var policy = TestData.Policy(
            limits: [TestData.Limit("a", permits: 5), TestData.Limit("b", permits: 2)]
        );
        Take(policy, 4);

        Assert.That(Take(policy, 1)[0].Statuses[0].Remaining, Is.EqualTo(3));
    }

    [Test]
    public void Give_WhatWasTaken_CanBeTakenAgainAndNoMore()
    {
        var policy = TestData.Policy(limits: TestData.Limit(permits: 2));
        Take(policy, 2);

        counters.Refund(
            new CheckPlan(new Subject(TestData.Client, "alice", null), policy, 1),
            TestData.Moment
        );

        Assert.That(
            Take(policy, 2).Select(decision => decision.Allowed),
            Is.EqualTo(new[] { true, false })
        );
    }

    [Test]
    public void Take_OtherSubject_HasItsOwnCounters()
    {
        var policy = TestData.Policy(limits: TestData.Limit(permits: 1));
        Take(policy, 1);

        Assert.That(Take(policy, 1, user: "bob")[0].Allowed);
    }

    [Test]
    public void Take_OtherPolicyOfTheSameUser_HasItsOwnCounters()
    {
        Take(TestData.Policy(limits: TestData.Limit(permits: 1)), 1);

        Assert.That(
            Take(TestData.Policy("other", limits: TestData.Limit(permits: 1)), 1)[0].Allowed
        );
    }

    [Test]
    public async Task Take_FromManyThreads_AllowsTheLimitAndNoMore()
    {
        var policy = TestData.Policy(limits: TestData.Limit(permits: 50));

        var decisions = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(() => Take(policy, 50)))
        );

        Assert.That(
            decisions.SelectMany(each => each).Count(decision => decision.Allowed),
            Is.EqualTo(50)
        );
    }

    [Test]
    public void Take_SeveralOwnersAndOneDenies_TakesFromNone()
    {
        var policy = TestData.Policy(
            limits: [TestData.Limit("org", permits: 3), TestData.Limit("user", permits: 2)]
        );

        string[] users = ["alice", "alice", "alice", "bob", "bob"];
        var decisions = users.Select(user => TakeOf(policy, "acme", user)).ToList();
        var elsewhere = TakeOf(policy, "umbrella", "bob");

        Assert.That(
            decisions.Select(decision => string.Join(' ', decision.Violated)),
            Is.EqualTo(["", "", "user", "", "org"])
        );
        Assert.That(elsewhere.Statuses.Select(status => status.Remaining), Is.EqualTo([2, 0]));
    }

    [Test]
    public async Task Take_OwnersInAnyOrderFromManyThreads_EndsAndAllowsTheLeastLimit()
    {
        var policy = TestData.Policy(
            limits:
            [
                TestData.Limit("first", permits: 5000),
                TestData.Limit("second", permits: 5000),
            ]
        );

        var decisions = await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(i =>
                    Task.Run(() =>
                        Enumerable
                            .Range(0, 1000)
                            .Select(_ =>
                                i % 2 == 0 ? TakeOf(policy, "a", "b") : TakeOf(policy, "b", "a")
                            )
                            .Count(decision => decision.Allowed)
                    )
                )
        );

        // Each owner has two counters, one of either limit.
        Assert.That(decisions.Sum(), Is.EqualTo(8000));
    }

    [Test]
    public void Take_SubjectsOfThePolicy_CountsEachLimitForItsOwner()
    {
        var policy = TestData.Policy(
            limits:
            [
                TestData.Limit("all", 4, per: []),
                TestData.Limit("org", 3, per: ["org"]),
                TestData.Limit("member", 2, per: ["org", "user_id"]),
            ]
        );

        (string Org, string User)[] checks =
        [
            ("acme", "alice"),
            ("acme", "alice"),
            ("acme", "alice"),
            ("acme", "bob"),
            ("acme", "bob"),
            ("umbrella", "alice"),
            ("umbrella", "alice"),
        ];
        Assert.That(
            checks.Select(check => string.Join(' ', Take(policy, check.Org, check.User).Violated)),
            Is.EqualTo(["", "", "member", "", "org", "", "all"])
        );
    }

    [Test]
    public void Take_FewerAreLeft_TakesTheseFromEveryLimit(
        [ValueSource(typeof(Algorithms), nameof(Algorithms.OfChecks))] Algorithm algorithm
    )
    {
        var policy = TestData.Policy(
            limits:
            [
                TestData.Limit(
                    "org",
                    5,
                    algorithm: algorithm,
                    burst: BurstOf(algorithm, 5),
                    per: ["org"]
                ),
                TestData.Limit("user", 9, algorithm: algorithm, burst: BurstOf(algorithm, 9)),
            ]
        );

        var first = Take(policy, "acme", "alice", cost: 3, minCost: 1);
        var second = Take(policy, "acme", "bob", cost: 3, minCost: 2);
        var third = Take(policy, "acme", "alice", cost: 3, minCost: 1);

        Assert.That(
            new[] { first, second, third }.Select(it => (it.Allowed, it.Granted)),
            Is.EqualTo([(true, 3), (true, 2), (false, 0)])
        );
        Assert.That(second.Statuses.Select(it => it.Remaining), Is.EqualTo([0, 7]));
        Assert.That(third.Violated, Is.EqualTo(["org"]));
    }

    [Test]
    public void Reset_OneOfSeveralLimits_KeepsTheOthers()
    {
        var policy = TestData.Policy(
            limits: [TestData.Limit("a", 5, per: ["org"]), TestData.Limit("b", 5)]
        );
        Take(policy, "acme", "alice", cost: 4);

        counters.Reset(
            TestData.Plan(policy, subjects: TestData.Subjects(("org", "acme"))) with
            {
                Limits = policy.Limits.Select(0b01),
                Owners = [new Subject(TestData.Client, null, null, "org:4:acme")],
            }
        );

        Assert.That(
            Take(policy, "acme", "alice", cost: 0).Statuses.Select(it => it.Remaining),
            Is.EqualTo([5, 1])
        );
    }

    private static long? BurstOf(Algorithm algorithm, long burst) =>
        Limit.IsBucket(algorithm) ? burst : null;

    private Decision Take(
        Policy policy,
        string organisation,
        string user,
        long cost = 1,
        long? minCost = null
    ) =>
        counters.Acquire(
            TestData.Plan(policy, cost, minCost, user, TestData.Subjects(("org", organisation))),
            TestData.Moment
        );

    private Decision TakeOf(Policy policy, string first, string second) =>
        counters.Acquire(
            new CheckPlan(new Subject(TestData.Client, second, null), policy, 1)
            {
                Owners =
                [
                    new Subject(TestData.Client, first, null),
                    new Subject(TestData.Client, second, null),
                ],
            },
            TestData.Moment
        );

    private List<Decision> Take(
        Policy policy,
        int times,
        string user = "alice",
        TimeSpan after = default
    ) =>
        [
            .. Enumerable
                .Range(0, times)
                .Select(_ =>
                    counters.Acquire(
                        new CheckPlan(new Subject(TestData.Client, user, null), policy, 1),
                        TestData.Moment + after
                    )
                ),
        ];
}
