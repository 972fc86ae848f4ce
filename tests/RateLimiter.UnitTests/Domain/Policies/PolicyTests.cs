using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Domain.Policies;

public sealed class PolicyTests
{
    private static readonly DateTimeOffset Later = TestData.Moment.AddHours(1);

    [Test]
    public void Create_Definition_IsVersion1MadeNow()
    {
        var definition = TestData.Definition();

        var policy = Policy.Create(definition, TestData.Moment);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.Definition, Is.SameAs(definition));
            Assert.That(policy.Key, Is.EqualTo(definition.Key));
            Assert.That(policy.Limits, Is.SameAs(definition.Limits));
            Assert.That(policy.Version, Is.EqualTo(1));
            Assert.That(policy.CreatedAt, Is.EqualTo(TestData.Moment));
            Assert.That(policy.UpdatedAt, Is.EqualTo(TestData.Moment));
        }
    }

    [Test]
    public void Create_Twice_CountsAfresh()
    {
        var (first, second) = (TestData.Policy(), TestData.Policy());

        Assert.That(Epoch(second), Is.Not.EqualTo(Epoch(first)));
    }

    [Test]
    public void Revise_AnyDefinition_IsTheNextVersionOfThePolicy()
    {
        var policy = TestData.Policy(description: "old").Revise(TestData.Definition(), Later);

        var revised = policy.Revise(
            TestData.Definition(description: "new", isActive: false),
            Later
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(revised.Version, Is.EqualTo(3));
            Assert.That(revised.CreatedAt, Is.EqualTo(TestData.Moment));
            Assert.That(revised.UpdatedAt, Is.EqualTo(Later));
            Assert.That(revised.Definition.Description, Is.EqualTo("new"));
            Assert.That(revised.Definition.IsActive, Is.False);
        }
    }

    [Test]
    public void Revise_DescriptionLeftOut_KeepsNothingOfTheOldOne() =>
        Assert.That(
            TestData
                .Policy(description: "old")
                .Revise(TestData.Definition(), Later)
                .Definition.Description,
            Is.Null
        );

    [Test]
    public void Revise_SameOrOtherPermits_GoesOnCounting([Values(0, 5, 10, 20)] long permits)
    {
        var policy = TestData.Policy(limits: TestData.Limit(permits: 10));

        var revised = policy.Revise(
            TestData.Definition(limits: TestData.Limit(permits: permits)),
            Later
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Epoch(revised), Is.EqualTo(Epoch(policy)));
            Assert.That(revised.Limits[0].Permits, Is.EqualTo(permits));
        }
    }

    private static IEnumerable<TestCaseData<Limit>> LimitsThatCountOtherwise()
    {
        yield return new(TestData.Limit(windowSeconds: 61)) { TestName = "{m}(window)" };
        yield return new(TestData.Limit(name: "other")) { TestName = "{m}(name)" };
        yield return new(TestData.Limit(name: "DEFAULT")) { TestName = "{m}(case of the name)" };
        yield return new(TestData.Limit(algorithm: Algorithm.SlidingLog))
        {
            TestName = "{m}(algorithm)",
        };
        yield return new(TestData.Limit(per: ["org"])) { TestName = "{m}(subjects)" };
        yield return new(TestData.Limit(per: [])) { TestName = "{m}(no subjects)" };
    }

    [TestCaseSource(nameof(LimitsThatCountOtherwise))]
    public void Revise_AnotherLimit_CountsAfresh(Limit limit)
    {
        var policy = TestData.Policy();

        var revised = policy.Revise(TestData.Definition(limits: limit), Later);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Epoch(revised), Is.Not.EqualTo(Epoch(policy)));
            Assert.That(Epoch(revised), Is.EqualTo(limit.Epoch));
        }
    }

    private static IEnumerable<TestCaseData<Limit, Limit, bool>> Continuations()
    {
        foreach (var algorithm in Enum.GetValues<Algorithm>())
        {
            yield return Case(
                "permits",
                algorithm,
                TestData.Limit("default", 20, 60, algorithm),
                true
            );
            yield return Case(
                "window",
                algorithm,
                TestData.Limit("default", 10, 3_601, algorithm),
                algorithm is Algorithm.TokenBucket or Algorithm.LeakyBucket or Algorithm.Concurrency
            );
            yield return Case(
                "burst",
                algorithm,
                TestData.Limit("default", 10, 60, algorithm, 3),
                true
            );
            yield return Case("name", algorithm, TestData.Limit("other", 10, 60, algorithm), false);
            foreach (var other in Enum.GetValues<Algorithm>().Where(it => it != algorithm))
            {
                yield return Case($"{other}", algorithm, TestData.Limit(algorithm: other), false);
            }
        }

        var calendar = Algorithm.Calendar;
        yield return Case("zone", calendar, TestData.CalendarLimit(timeZone: "Etc/UTC"), false);
        yield return Case("anchor", calendar, TestData.CalendarLimit(anchor: "2026-01-01"), false);

        static TestCaseData<Limit, Limit, bool> Case(
            string change,
            Algorithm before,
            Limit after,
            bool goesOn
        ) =>
            new(TestData.Limit(algorithm: before), after, goesOn)
            {
                TestName = $"{{m}}({before}, {change})",
            };
    }

    [TestCaseSource(nameof(Continuations))]
    public void Revise_LimitOfEachAlgorithm_GoesOnCountingWhereItStillMeansSomething(
        Limit before,
        Limit after,
        bool goesOn
    )
    {
        var revised = TestData
            .Policy(limits: before)
            .Revise(TestData.Definition(limits: after), Later);

        Assert.That(Epoch(revised), Is.EqualTo(goesOn ? before.Epoch : after.Epoch));
    }

    [Test]
    public void Revise_BackToTheOldWindow_CountsAfresh()
    {
        var policy = TestData.Policy();

        var back = policy
            .Revise(TestData.Definition(limits: TestData.Limit(windowSeconds: 1)), Later)
            .Revise(TestData.Definition(), Later);

        Assert.That(Epoch(back), Is.Not.EqualTo(Epoch(policy)));
    }

    [Test]
    public void Revise_SeveralLimitsInAnotherOrder_EachGoesOnCounting()
    {
        var (minute, month) = (
            TestData.Limit("minute", 12, 60),
            TestData.Limit("month", 200, 2_592_000)
        );
        var policy = TestData.Policy(limits: [minute, month]);

        var revised = policy.Revise(
            TestData.Definition(
                limits:
                [
                    TestData.Limit("month", 300, 2_592_000),
                    TestData.Limit("day"),
                    TestData.Limit("minute", 12, 60),
                ]
            ),
            Later
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(revised.Limits[0].Epoch, Is.EqualTo(month.Epoch));
            Assert.That(revised.Limits[1].Epoch, Is.Not.AnyOf(minute.Epoch, month.Epoch));
            Assert.That(revised.Limits[2].Epoch, Is.EqualTo(minute.Epoch));
        }
    }

    [Test]
    public void Revise_SubjectsInAnotherOrderOrAnotherAnswerToMissingOnes_GoesOnCounting()
    {
        var policy = TestData.Policy(limits: TestData.Limit(per: ["org", "user_id"]));

        var revised = policy.Revise(
            TestData.Definition(
                limits: TestData.Limit(per: ["user_id", "org"], whenMissing: MissingSubjects.Skip)
            ),
            Later
        );

        Assert.That(Epoch(revised), Is.EqualTo(Epoch(policy)));
        Assert.That(revised.ResetSince(policy), Is.Empty);
    }

    // The subjects of the only other limit, beside one per organisation and one per member of it.
    [TestCase(new[] { "org", "model" }, new string[0], TestName = "{m}(the same in common)")]
    [TestCase(new[] { "user_id" }, new[] { "a", "b" }, TestName = "{m}(nothing in common)")]
    [TestCase(new string[0], new[] { "a", "b" }, TestName = "{m}(one for all)")]
    public void Revise_AnotherLimitIsAdded_ResetsAllIfOtherSubjectsAreInCommon(
        string[] added,
        string[] reset
    )
    {
        Limit[] Limits() =>
            [TestData.Limit("a", per: ["org"]), TestData.Limit("b", per: ["org", "user_id"])];
        var policy = TestData.Policy(limits: Limits());

        var revised = policy.Revise(
            TestData.Definition(limits: [.. Limits(), TestData.Limit("c", per: added)]),
            Later
        );

        Assert.That(revised.ResetSince(policy), Is.EqualTo(reset));
    }

    [Test]
    public void ResetSince_SomeLimitsChanged_NamesThoseThatWereThereAndCountAgain()
    {
        var policy = TestData.Policy(
            limits: [TestData.Limit("a"), TestData.Limit("b"), TestData.Limit("c")]
        );

        var revised = policy.Revise(
            TestData.Definition(
                limits:
                [
                    TestData.Limit("b", windowSeconds: 61),
                    TestData.Limit("a", permits: 11),
                    TestData.Limit("new"),
                ]
            ),
            Later
        );

        Assert.That(revised.ResetSince(policy), Is.EqualTo(new[] { "b" }));
    }

    private static string Epoch(Policy policy) => policy.Limits[0].Epoch;
}
