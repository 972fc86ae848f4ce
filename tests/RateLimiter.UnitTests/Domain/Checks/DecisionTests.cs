using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Domain.Checks;

public sealed class DecisionTests
{
    private const long Never = LimitStatus.Never;
    private const long Second = 1_000_000;

    [Test]
    public void From_NoWait_IsAllowed()
    {
        var policy = TestData.Policy();

        var decision = Decision.From(
            TestData.Plan(policy),
            [TestData.Status(0, 9, 60 * Second)],
            TestData.Moment
        );

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
            Assert.That(decision.DecidedAt, Is.EqualTo(TestData.Moment));
        }
    }

    [Test]
    public void From_Wait_IsDeniedUntilThen()
    {
        var decision = Decision.From(
            TestData.Plan(TestData.Policy()),
            [TestData.Status(1, 0, 2 * Second)],
            TestData.Moment
        );

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
        var policy = TestData.Policy(limits: TestData.Limit(permits: permits));

        var decision = Decision.From(
            TestData.Plan(policy),
            [TestData.Status(Never, permits, 0)],
            TestData.Moment
        );

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
        yield return new(TestData.Status(0, 1, 5), TestData.Status(0, 2, 9), "first")
        {
            TestName = "{m}(first has less)",
        };
        yield return new(TestData.Status(0, 2, 9), TestData.Status(0, 1, 5), "second")
        {
            TestName = "{m}(second has less)",
        };
        yield return new(TestData.Status(0, 1, 9), TestData.Status(0, 1, 5), "first")
        {
            TestName = "{m}(same, first takes longer)",
        };
        yield return new(TestData.Status(0, 1, 5), TestData.Status(0, 1, 9), "second")
        {
            TestName = "{m}(same, second takes longer)",
        };
        yield return new(TestData.Status(0, 1, 5), TestData.Status(0, 1, 5), "first")
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
        var policy = TestData.Policy(
            limits: [TestData.Limit("first", 10), TestData.Limit("second", 20)]
        );
        var (status, permits) = nearest == "first" ? (first, 10) : (second, 20);

        var decision = Decision.From(TestData.Plan(policy), [first, second], TestData.Moment);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Allowed, Is.True);
            Assert.That(decision.Limit, Is.EqualTo(permits));
            Assert.That(decision.Remaining, Is.EqualTo(status.Remaining));
            Assert.That(decision.ResetIn, Is.EqualTo(TimeSpan.FromMicroseconds(status.Reset)));
        }
    }

    [TestCase(Algorithm.FixedWindow, 20)]
    [TestCase(Algorithm.TokenBucket, 5)]
    public void From_Status_TellsTheLimitAndWhatCanBeLeftOfIt(Algorithm algorithm, long capacity)
    {
        var policy = TestData.Policy(
            limits: [TestData.Limit("far", 30), TestData.Limit("near", 20, 60, algorithm, burst: 5)]
        );

        var decision = Decision.From(
            TestData.Plan(policy),
            [TestData.Status(remaining: 30), TestData.Status(remaining: 4)],
            TestData.Moment
        );

        Assert.That(
            (decision.Limit, decision.Capacity, decision.Remaining),
            Is.EqualTo((20L, capacity, 4L))
        );
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
        var policy = TestData.Policy(limits: [TestData.Limit("first"), TestData.Limit("second")]);

        var decision = Decision.From(
            TestData.Plan(policy),
            [TestData.Status(wait: firstWait), TestData.Status(wait: secondWait)],
            TestData.Moment
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
        var policy = TestData.Policy(limits: [TestData.Limit("first"), TestData.Limit("second")]);

        var decision = Decision.From(
            TestData.Plan(policy),
            [TestData.Status(wait: firstWait), TestData.Status(wait: secondWait)],
            TestData.Moment
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Allowed, Is.False);
            Assert.That(decision.Reason, Is.EqualTo(Decision.CostAboveLimit));
            Assert.That(decision.RetryAfter, Is.Null);
            Assert.That(decision.Violated, Is.EqualTo(new[] { "first", "second" }));
        }
    }

    [TestCase(Algorithm.FixedWindow, Decision.CostAboveLimit)]
    [TestCase(Algorithm.SlidingWindow, Decision.CostAboveLimit)]
    [TestCase(Algorithm.SlidingLog, Decision.CostAboveLimit)]
    [TestCase(Algorithm.TokenBucket, Decision.CostAboveBurst)]
    [TestCase(Algorithm.LeakyBucket, Decision.CostAboveBurst)]
    public void From_CostThatNeverPasses_SaysWhatItIsAbove(Algorithm algorithm, string reason)
    {
        var policy = TestData.Policy(limits: TestData.Limit(algorithm: algorithm));

        var decision = Decision.From(
            TestData.Plan(policy),
            [TestData.Status(Never)],
            TestData.Moment
        );

        Assert.That(decision.Reason, Is.EqualTo(reason));
    }

    [Test]
    public void From_CostAboveBurst_SaysSoInWords() =>
        Assert.That(
            Decision.CostAboveBurst,
            Is.EqualTo("The cost is above the burst and can never be allowed")
        );

    [TestCase(Algorithm.TokenBucket)]
    [TestCase(Algorithm.LeakyBucket)]
    public void From_BucketWithALimitOfZero_SaysThatItIsZero(Algorithm algorithm)
    {
        var policy = TestData.Policy(limits: TestData.Limit("default", 0, 60, algorithm, burst: 5));

        var decision = Decision.From(
            TestData.Plan(policy),
            [TestData.Status(Never, 0, 0)],
            TestData.Moment
        );

        Assert.That(decision.Reason, Is.EqualTo("The limit is 0: no request is allowed"));
    }

    [TestCase(0, 0, false, new string[0])]
    [TestCase(7, 0, true, new[] { "first" })]
    [TestCase(0, Never, true, new[] { "second" })]
    [TestCase(Never, 7, true, new[] { "first", "second" })]
    public void From_PolicyInShadowMode_AllowsAndNamesWhoWouldHaveSaidNo(
        long firstWait,
        long secondWait,
        bool shadowDenied,
        string[] violated
    )
    {
        var policy = TestData.Policy(
            mode: PolicyMode.Shadow,
            limits: [TestData.Limit("first"), TestData.Limit("second")]
        );

        var decision = Decision.From(
            TestData.Plan(policy),
            [TestData.Status(firstWait, 0, Second, 10), TestData.Status(secondWait)],
            TestData.Moment
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Allowed, Is.True);
            Assert.That(decision.ShadowDenied, Is.EqualTo(shadowDenied));
            Assert.That(decision.Violated, Is.EqualTo(violated));
            Assert.That(decision.Reason, Is.Null);
            Assert.That(decision.RetryAfter, Is.Null);
            Assert.That(decision.Remaining, Is.Zero);
            Assert.That(decision.Used, Is.EqualTo(10));
            Assert.That(decision.ResetIn, Is.EqualTo(TimeSpan.FromSeconds(1)));
        }
    }

    [TestCase(0)]
    [TestCase(7)]
    [TestCase(Never)]
    public void From_PolicyThatEnforces_IsNeverDeniedInShadow(long wait) =>
        Assert.That(
            Decision
                .From(TestData.Plan(TestData.Policy()), [TestData.Status(wait)], TestData.Moment)
                .ShadowDenied,
            Is.False
        );

    [Test]
    public void From_DeniedBySomeLimits_StillGivesTheFiguresOfTheNearest()
    {
        // The limit that denies has more remaining permits than the one that allows.
        var policy = TestData.Policy(
            limits: [TestData.Limit("first", 10), TestData.Limit("second", 20)]
        );
        LimitStatus[] statuses = [TestData.Status(7, 4, 5, 6), TestData.Status(0, 3, 9, 17)];

        var decision = Decision.From(TestData.Plan(policy), statuses, TestData.Moment);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Violated, Is.EqualTo(new[] { "first" }));
            Assert.That(decision.Limit, Is.EqualTo(20));
            Assert.That(decision.Remaining, Is.EqualTo(3));
            Assert.That(decision.Used, Is.EqualTo(17));
            Assert.That(decision.ResetIn, Is.EqualTo(TimeSpan.FromMicroseconds(9)));
            Assert.That(decision.Statuses, Is.EqualTo(statuses));
        }
    }

    [Test]
    public void From_ThreeLimits_GivesTheFiguresOfTheNearestOfAll()
    {
        var policy = TestData.Policy(
            limits:
            [
                TestData.Limit("first", 10),
                TestData.Limit("second", 20),
                TestData.Limit("third", 30),
            ]
        );

        var decision = Decision.From(
            TestData.Plan(policy),
            [TestData.Status(0, 2, 5), TestData.Status(0, 1, 5), TestData.Status(0, 1, 6)],
            TestData.Moment
        );

        Assert.That(decision.Limit, Is.EqualTo(30));
    }

    [TestCase(0, Never)]
    [TestCase(Never, 0)]
    public void From_OnlyOneLimitThatNeverPasses_NamesOnlyThatOne(long firstWait, long secondWait)
    {
        var policy = TestData.Policy(limits: [TestData.Limit("first"), TestData.Limit("second")]);

        var decision = Decision.From(
            TestData.Plan(policy),
            [TestData.Status(wait: firstWait), TestData.Status(wait: secondWait)],
            TestData.Moment
        );

        Assert.That(
            decision.Violated,
            Is.EqualTo(new[] { firstWait == Never ? "first" : "second" })
        );
    }

    [Test]
    public void NotAsked_AnyPolicy_AllowsWithAllPermitsOfTheSmallestLimit()
    {
        var policy = TestData.Policy(
            isActive: false,
            limits:
            [
                TestData.Limit("first", 20),
                TestData.Limit("second", 10),
                TestData.Limit("third", 30),
            ]
        );

        var decision = Decision.NotAsked(TestData.Plan(policy), TestData.Moment);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Allowed, Is.True);
            Assert.That(decision.ShadowDenied, Is.False);
            Assert.That(decision.Used, Is.Zero);
            Assert.That(
                decision.Statuses,
                Is.EqualTo(
                    new LimitStatus[] { new(0, 20, 0, 0), new(0, 10, 0, 0), new(0, 30, 0, 0) }
                )
            );
            Assert.That(decision.Reason, Is.EqualTo("Rate limiting disabled for this policy"));
            Assert.That(decision.Limit, Is.EqualTo(10));
            Assert.That(decision.Remaining, Is.EqualTo(10));
            Assert.That(decision.ResetIn, Is.EqualTo(TimeSpan.Zero));
            Assert.That(decision.RetryAfter, Is.Null);
            Assert.That(decision.Violated, Is.Empty);
            Assert.That(decision.Policy, Is.SameAs(policy));
            Assert.That(decision.DecidedAt, Is.EqualTo(TestData.Moment));
        }
    }

    [Test]
    public void NotAsked_Bucket_HasItsBurstLeft()
    {
        var policy = TestData.Policy(
            isActive: false,
            limits:
            [
                TestData.Limit("first", 10),
                TestData.Limit("second", 20, 60, Algorithm.LeakyBucket),
            ]
        );

        var decision = Decision.NotAsked(TestData.Plan(policy), TestData.Moment);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Limit, Is.EqualTo(20));
            Assert.That(decision.Capacity, Is.EqualTo(1));
            Assert.That(decision.Remaining, Is.EqualTo(1));
        }
    }

    // A limit of 10 and one of 5; what is used before the check.
    [TestCase(4, 4, 0, 0, ExpectedResult = 4, TestName = "{m}(all is left)")]
    [TestCase(0, 0, 9, 5, ExpectedResult = 0, TestName = "{m}(nothing is asked for)")]
    [TestCase(4, 1, 0, 0, ExpectedResult = 4, TestName = "{m}(all is left, fewer would do)")]
    [TestCase(4, 1, 8, 0, ExpectedResult = 2, TestName = "{m}(the first has fewer)")]
    [TestCase(4, 1, 0, 2, ExpectedResult = 3, TestName = "{m}(the second has fewer)")]
    [TestCase(4, 1, 9, 2, ExpectedResult = 1, TestName = "{m}(both have fewer)")]
    [TestCase(20, 1, 0, 0, ExpectedResult = 5, TestName = "{m}(a cost above the capacity)")]
    public long From_Allowed_GrantsTheCostOrWhatIsLeftInEveryLimit(
        long cost,
        long minCost,
        long firstUsed,
        long secondUsed
    ) =>
        Decision
            .From(
                TestData.Plan(
                    TestData.Policy(
                        limits: [TestData.Limit("first", 10), TestData.Limit("second", 5)]
                    ),
                    cost,
                    minCost
                ),
                [TestData.Status(used: firstUsed), TestData.Status(used: secondUsed)],
                TestData.Moment
            )
            .Granted;

    [Test]
    public void From_Denied_GrantsNothing([Values(1, 3)] long minCost)
    {
        var denial = Decision.From(
            TestData.Plan(TestData.Policy(), cost: 3, minCost),
            [TestData.Status(wait: 7, remaining: 0, used: 10)],
            TestData.Moment
        );

        Assert.That(denial.Granted, Is.Zero);
        Assert.That(denial.After(TimeSpan.FromMicroseconds(1)).Granted, Is.Zero);
    }

    [TestCase(0)]
    [TestCase(7)]
    public void From_PolicyInShadowMode_GrantsTheWholeCost(long wait) =>
        Assert.That(
            Decision
                .From(
                    TestData.Plan(TestData.Policy(mode: PolicyMode.Shadow), cost: 5, minCost: 1),
                    [TestData.Status(wait, 0, Second, used: 9)],
                    TestData.Moment
                )
                .Granted,
            Is.EqualTo(5)
        );

    [TestCase(PolicyMode.Enforce, true, 5, 5, ExpectedResult = 5)]
    [TestCase(PolicyMode.Enforce, true, 20, 1, ExpectedResult = 10)]
    [TestCase(PolicyMode.Enforce, true, 20, 20, ExpectedResult = 0)]
    [TestCase(PolicyMode.Enforce, false, 5, 1, ExpectedResult = 0)]
    [TestCase(PolicyMode.Shadow, false, 5, 1, ExpectedResult = 5)]
    public long Uncounted_FailOpenOrClosed_GrantsWhatItAllows(
        PolicyMode mode,
        bool allowed,
        long cost,
        long minCost
    ) =>
        Decision
            .Uncounted(
                TestData.Plan(TestData.Policy(mode: mode), cost, minCost),
                allowed,
                TestData.Moment,
                TimeSpan.FromSeconds(1)
            )
            .Granted;

    [Test]
    public void NotAsked_AnyPolicy_GrantsTheCost([Values] bool isActive)
    {
        var plan = TestData.Plan(
            TestData.Policy(
                isActive: isActive,
                limits: TestData.Limit(per: ["org"], whenMissing: MissingSubjects.Skip)
            ),
            cost: 100,
            subjects: TestData.Subjects(("org", "acme"))
        ) with
        {
            Limits = [],
        };

        var decision = Decision.NotAsked(plan, TestData.Moment);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(decision.Allowed);
            Assert.That(decision.Granted, Is.EqualTo(100));
            Assert.That((decision.Limit, decision.Remaining), Is.EqualTo((10, 10)));
            Assert.That(decision.Limits, Is.Empty);
            Assert.That(
                decision.Reason,
                Is.EqualTo(isActive ? Decision.NoLimitApplies : Decision.PolicyInactive)
            );
        }
    }
}
