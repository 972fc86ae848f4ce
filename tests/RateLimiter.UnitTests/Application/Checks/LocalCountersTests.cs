using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Checks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LocalCountersTests
{
    private readonly LocalCounters counters = new();

    [Test]
    public void Take_EveryAlgorithm_AllowsTheLimitAndNoMore([Values] Algorithm algorithm)
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
    public void Take_ClockWasADayAhead_CountsOnFromNow([Values] Algorithm algorithm)
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
            new PermitRequest(new Subject(TestData.Client, "alice", null), policy, 1),
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
                        new PermitRequest(new Subject(TestData.Client, user, null), policy, 1),
                        TestData.Moment + after
                    )
                ),
        ];
}
