using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Clients;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Checks;

public sealed class CheckPlannerTests
{
    private static readonly Check Check = new("alice", "search", "free", Cost: 3);
    private static readonly TimeSpan Waited = TimeSpan.FromMilliseconds(7);

    private static readonly Policy OwnRole = TestData.Policy("search", "free");
    private static readonly Policy DefaultRole = TestData.Policy("search");
    private static readonly Policy Rest = TestData.Policy("*");

    private static readonly Limit OfUser = TestData.Limit("of user");
    private static readonly Limit OfAll = TestData.Limit("of all", per: []);
    private static readonly Limit OfOrg = TestData.Limit("of org", per: ["org"]);
    private static readonly Limit OfMember = TestData.Limit(
        "of member",
        per: ["org", "user_id"],
        whenMissing: MissingSubjects.Skip
    );
    private static readonly Limit OfModel = TestData.Limit(
        "of model",
        per: ["model", "org"],
        whenMissing: MissingSubjects.Skip
    );

    private static IEnumerable<TestCaseData<Policy[], Policy, string?>> Resolutions()
    {
        yield return new([OwnRole, DefaultRole, Rest], OwnRole, null)
        {
            TestName = "{m}(its role)",
        };
        yield return new([DefaultRole, Rest], DefaultRole, null) { TestName = "{m}(default role)" };
        yield return new([Rest], Rest, "search") { TestName = "{m}(catch-all)" };
    }

    [TestCaseSource(nameof(Resolutions))]
    public void Plan_PolicyApplies_AsksItsCountersForTheCostInTheTimeThatIsLeft(
        Policy[] policies,
        Policy applies,
        string? countedRoute
    ) =>
        Assert.That(
            CheckPlanner.Plan(
                TestData.Snapshot(TestData.Client, policies: policies),
                Check,
                TimeProvider.System,
                Waited
            ),
            Is.EqualTo(
                new Planned(
                    new CheckPlan(new Subject(TestData.Client, "alice", countedRoute), applies, 3)
                    {
                        Waited = Waited,
                    }
                )
            )
        );

    [Test]
    public void Plan_NoPolicyApplies_SaysSo() =>
        Assert.That(
            CheckPlanner
                .Plan(
                    TestData.Snapshot(TestData.Client, policies: TestData.Policy("upload")),
                    Check,
                    TimeProvider.System
                )
                .Problem,
            Is.TypeOf<CheckProblem.NoPolicy>()
        );

    [Test]
    public void Plan_PolicyIsOff_IsNotCounted([Values] bool isActive) =>
        Assert.That(
            CheckPlanner
                .Plan(
                    TestData.Snapshot(
                        TestData.Client,
                        policies: TestData.Policy("search", isActive: isActive)
                    ),
                    Check,
                    TimeProvider.System
                )
                .Plan.IsCounted,
            Is.EqualTo(isActive)
        );

    [Test]
    public void Plan_AllSubjectsNamed_AsksEachLimitForItsOwnersCounter()
    {
        var plan = PlanOf([OfUser, OfAll, OfOrg, OfMember], ("org", "acme"), ("other", "x")).Plan;

        Assert.That(
            Enumerable.Range(0, plan.Count).Select(i => plan[i].Owner),
            Is.EqualTo(
                new Subject[]
                {
                    new(TestData.Client, "alice", RouteKey: null),
                    new(TestData.Client, UserId: null, RouteKey: null),
                    new(TestData.Client, UserId: null, RouteKey: null, "org:4:acme"),
                    new(TestData.Client, "alice", RouteKey: null, "org:4:acme"),
                }
            )
        );
        Assert.That(plan.IsCounted);
        Assert.That(plan.MinCost, Is.EqualTo(3));
    }

    [Test]
    public void Plan_MinCost_IsThePlans()
    {
        var (plan, _) = CheckPlanner.Plan(
            TestData.Snapshot(TestData.Client, policies: DefaultRole),
            Check with
            {
                MinCost = 2,
            },
            TimeProvider.System
        );

        Assert.That((plan.Cost, plan.MinCost), Is.EqualTo((3, 2)));
    }

    [Test]
    public void Plan_SameSubjectsInAllLimits_HasOneOwner()
    {
        var plan = PlanOf(
            [OfOrg, TestData.Limit("too", per: ["org"])],
            ("org", "acme"),
            ("model", "gpt")
        ).Plan;

        Assert.That(plan.Owners, Is.Null);
        Assert.That(
            plan.Subject,
            Is.EqualTo(new Subject(TestData.Client, UserId: null, RouteKey: null, "org:4:acme"))
        );
    }

    [Test]
    public void Plan_MissingSubjectsOfLimitsThatReject_NamesEachAndTheFirstLimitThatNeedsIt()
    {
        var problem =
            PlanOf([
                OfUser,
                OfOrg,
                OfMember,
                TestData.Limit("b", per: ["org", "user_id"]),
                TestData.Limit("c", per: ["model"]),
                TestData.Limit("d", per: ["tenant", "model"]),
            ]).Problem as CheckProblem.SubjectsMissing;

        Assert.That(
            problem!.Limits,
            Is.EquivalentTo(
                new Dictionary<string, string>
                {
                    ["org"] = "of org",
                    ["model"] = "c",
                    ["tenant"] = "d",
                }
            )
        );
        Assert.That(
            problem.Errors(name => $"subjects.{name}")["subjects.org"],
            Is.EqualTo(new[] { "is required by the limit of org" })
        );
    }

    [Test]
    public void Plan_MissingSubjectsOfLimitsThatSkip_DoesNotAskThese()
    {
        var plan = PlanOf([OfMember, OfUser, OfModel]).Plan;

        Assert.That(plan.Limits, Is.EqualTo(new[] { OfUser }));
        Assert.That(plan[0].Owner, Is.EqualTo(new Subject(TestData.Client, "alice", null)));
        Assert.That(plan.IsCounted);
    }

    [Test]
    public void Plan_AllLimitsSkipped_IsNotCounted() =>
        Assert.That(PlanOf([OfMember, OfModel]).Plan.IsCounted, Is.False);

    [TestCase("alice", false, "of user", "of all")]
    [TestCase("alice", true, "of user", "of all", "of org", "of member")]
    [TestCase(null, true, "of all", "of org")]
    [TestCase(null, false, "of all")]
    public void PlanLook_SomeSubjects_AsksTheLimitsOfWhichAllAreNamed(
        string? user,
        bool hasOrg,
        params string[] limits
    )
    {
        var plan = CheckPlanner
            .PlanLook(
                SnapshotOf(OfUser, OfAll, OfOrg, OfMember, OfModel),
                UsageOf(user, hasOrg),
                TimeProvider.System,
                Waited
            )
            .Plan;

        Assert.That(plan.Limits.Select(limit => limit.Name), Is.EqualTo(limits));
        Assert.That((plan.Cost, plan.Waited), Is.EqualTo((1, Waited)));
    }

    [Test]
    public void PlanLook_NobodyNamedAndNoLimitForAll_IsRefused() =>
        Assert.That(
            CheckPlanner
                .PlanLook(
                    SnapshotOf(OfUser, OfOrg),
                    UsageOf(null, false),
                    TimeProvider.System,
                    Waited
                )
                .Problem,
            Is.TypeOf<CheckProblem.NobodyNamed>()
        );

    [TestCase("alice", false, null, "of user")]
    [TestCase("alice", true, null, "of member")]
    [TestCase(null, true, null, "of org", "of org too")]
    [TestCase(null, true, "of org too", "of org too")]
    [TestCase(null, false, null, "of all")]
    public void PlanReset_Subjects_ResetsTheLimitsOfExactlyThese(
        string? user,
        bool hasOrg,
        string? limit,
        params string[] limits
    )
    {
        var planned = CheckPlanner.PlanReset(
            SnapshotOf(
                OfUser,
                OfAll,
                OfOrg,
                OfMember,
                OfModel,
                TestData.Limit("of org too", per: ["org"])
            ),
            UsageOf(user, hasOrg),
            limit,
            Waited
        );

        Assert.That(planned.Problem, Is.Null);
        Assert.That(planned.Plan.Limits.Select(it => it.Name), Is.EqualTo(limits));
        Assert.That((planned.Plan.Cost, planned.Plan.Waited), Is.EqualTo((0, Waited)));
    }

    [TestCase("alice", true, null)]
    [TestCase(null, false, null)]
    [TestCase("alice", false, "of org")]
    [TestCase(null, true, "nothing")]
    public void PlanReset_NothingOfExactlyThese_IsRefused(string? user, bool hasOrg, string? limit)
    {
        var usage = UsageOf(user, hasOrg);

        Assert.That(
            CheckPlanner.PlanReset(SnapshotOf(OfUser, OfOrg), usage, limit, Waited).Problem,
            Is.EqualTo(new CheckProblem.NoSuchLimit(usage, limit))
        );
    }

    private static ClientSnapshot SnapshotOf(params Limit[] limits) =>
        TestData.Snapshot(TestData.Client, policies: TestData.Policy(limits: limits));

    private static Planned PlanOf(Limit[] limits, params (string, string)[] subjects) =>
        CheckPlanner.Plan(
            SnapshotOf(limits),
            Check with
            {
                Subjects = subjects is [] ? null : TestData.Subjects(subjects),
            },
            TimeProvider.System
        );

    private static UsageKey UsageOf(string? user, bool hasOrg) =>
        new(user, "search", "default", hasOrg ? TestData.Subjects(("org", "acme")) : null);
}
