using RateLimiter.Domain.Checks;

namespace RateLimiter.UnitTests.Domain.Checks;

public sealed class DecisionTests
{
    private const long Never = LimitStatus.Never;
    private const long Second = 1_000_000;

    [Test]
    public void From_NoWait_IsAllowed()
    {
        var policy = A.Policy();

        var decision = Decision.From(policy, [A.Status(0, 9, 60 * Second)], A.Moment);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Allowed, Is.True);
            Assert.That(decision.Reason, Is.Null);
            Assert.That(decision.Limit, Is.EqualTo(10));
            Assert.That(decision.Remaining, Is.EqualTo(9));
            Assert.That(decision.ResetIn, Is.EqualTo(TimeSpan.FromSeconds(60)));
            Assert.That(decision.RetryAfter, Is.Null);
            Assert.That(decision.Violated, Is.Empty);
            Assert.That(decision.Policy, Is.SameAs(policy));
            Assert.That(decision.DecidedAt, Is.EqualTo(A.Moment));
        }
    }

    [Test]
    public void From_Wait_IsDeniedUntilThen()
    {
        var decision = Decision.From(A.Policy(), [A.Status(1, 0, 2 * Second)], A.Moment);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Allowed, Is.False);
            Assert.That(decision.Reason, Is.EqualTo("Rate limit exceeded"));
            Assert.That(decision.Limit, Is.EqualTo(10));
            Assert.That(decision.Remaining, Is.Zero);
            Assert.That(decision.ResetIn, Is.EqualTo(TimeSpan.FromSeconds(2)));
            Assert.That(decision.RetryAfter, Is.EqualTo(TimeSpan.FromMicroseconds(1)));
            Assert.That(decision.Violated, Is.EqualTo(new[] { "default" }));
        }
    }

    [TestCase(0, "The limit is 0: no request is allowed")]
    [TestCase(1, "The cost is above the limit and can never be allowed")]
    public void From_NoWaitHelps_SaysWhyAndNoWait(long permits, string reason)
    {
        var policy = A.Policy(limits: A.Limit(permits: permits));

        var decision = Decision.From(policy, [A.Status(Never, permits, 0)], A.Moment);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Allowed, Is.False);
            Assert.That(decision.Reason, Is.EqualTo(reason));
            Assert.That(decision.RetryAfter, Is.Null);
            Assert.That(decision.Violated, Is.EqualTo(new[] { "default" }));
            Assert.That(decision.Remaining, Is.EqualTo(permits));
        }
    }

    private static IEnumerable<TestCaseData<LimitStatus, LimitStatus, string>> Figures()
    {
        yield return new(A.Status(0, 1, 5), A.Status(0, 2, 9), "first")
        {
            TestName = "{m}(first has less)",
        };
        yield return new(A.Status(0, 2, 9), A.Status(0, 1, 5), "second")
        {
            TestName = "{m}(second has less)",
        };
        yield return new(A.Status(0, 1, 9), A.Status(0, 1, 5), "first")
        {
            TestName = "{m}(same, first takes longer)",
        };
        yield return new(A.Status(0, 1, 5), A.Status(0, 1, 9), "second")
        {
            TestName = "{m}(same, second takes longer)",
        };
        yield return new(A.Status(0, 1, 5), A.Status(0, 1, 5), "first")
        {
            TestName = "{m}(same in all)",
        };
    }

    [TestCaseSource(nameof(Figures))]
    public void From_SeveralLimits_GivesTheFiguresOfTheNearest(
        LimitStatus first,
        LimitStatus second,
        string nearest
    )
    {
        var policy = A.Policy(limits: [A.Limit("first", 10), A.Limit("second", 20)]);
        var (status, permits) = nearest == "first" ? (first, 10) : (second, 20);

        var decision = Decision.From(policy, [first, second], A.Moment);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Allowed, Is.True);
            Assert.That(decision.Limit, Is.EqualTo(permits));
            Assert.That(decision.Remaining, Is.EqualTo(status.Remaining));
            Assert.That(decision.ResetIn, Is.EqualTo(TimeSpan.FromMicroseconds(status.Reset)));
        }
    }

    [TestCase(0, 7, new[] { "second" }, 7)]
    [TestCase(7, 0, new[] { "first" }, 7)]
    [TestCase(7, 8, new[] { "first", "second" }, 8)]
    [TestCase(8, 7, new[] { "first", "second" }, 8)]
    public void From_SeveralLimits_NamesThoseThatSayNoAndTheLongestWait(
        long firstWait,
        long secondWait,
        string[] violated,
        long retryAfter
    )
    {
        var policy = A.Policy(limits: [A.Limit("first"), A.Limit("second")]);

        var decision = Decision.From(
            policy,
            [A.Status(wait: firstWait), A.Status(wait: secondWait)],
            A.Moment
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Allowed, Is.False);
            Assert.That(decision.Reason, Is.EqualTo(Decision.LimitExceeded));
            Assert.That(decision.Violated, Is.EqualTo(violated));
            Assert.That(decision.RetryAfter, Is.EqualTo(TimeSpan.FromMicroseconds(retryAfter)));
        }
    }

    [TestCase(Never, 7)]
    [TestCase(7, Never)]
    public void From_OneLimitThatNeverPasses_GivesNoWaitAtAll(long firstWait, long secondWait)
    {
        var policy = A.Policy(limits: [A.Limit("first"), A.Limit("second")]);

        var decision = Decision.From(
            policy,
            [A.Status(wait: firstWait), A.Status(wait: secondWait)],
            A.Moment
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Allowed, Is.False);
            Assert.That(decision.Reason, Is.EqualTo(Decision.CostAboveLimit));
            Assert.That(decision.RetryAfter, Is.Null);
            Assert.That(decision.Violated, Is.EqualTo(new[] { "first", "second" }));
        }
    }

    [TestCase(0, Never)]
    [TestCase(Never, 0)]
    public void From_OnlyOneLimitThatNeverPasses_NamesOnlyThatOne(long firstWait, long secondWait)
    {
        var policy = A.Policy(limits: [A.Limit("first"), A.Limit("second")]);

        var decision = Decision.From(
            policy,
            [A.Status(wait: firstWait), A.Status(wait: secondWait)],
            A.Moment
        );

        Assert.That(
            decision.Violated,
            Is.EqualTo(new[] { firstWait == Never ? "first" : "second" })
        );
    }

    [Test]
    public void Inactive_AnyPolicy_AllowsWithAllPermitsOfTheSmallestLimit()
    {
        var policy = A.Policy(
            isActive: false,
            limits: [A.Limit("first", 20), A.Limit("second", 10), A.Limit("third", 30)]
        );

        var decision = Decision.Inactive(policy, A.Moment);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Allowed, Is.True);
            Assert.That(decision.Reason, Is.EqualTo("Rate limiting disabled for this policy"));
            Assert.That(decision.Limit, Is.EqualTo(10));
            Assert.That(decision.Remaining, Is.EqualTo(10));
            Assert.That(decision.ResetIn, Is.EqualTo(TimeSpan.Zero));
            Assert.That(decision.RetryAfter, Is.Null);
            Assert.That(decision.Violated, Is.Empty);
            Assert.That(decision.Policy, Is.SameAs(policy));
            Assert.That(decision.DecidedAt, Is.EqualTo(A.Moment));
        }
    }
}
