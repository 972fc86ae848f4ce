using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Checks;

public sealed class CheckPlannerTests
{
    private static readonly Check Check = new("alice", "search", "free", Cost: 3);
    private static readonly TimeSpan Waited = TimeSpan.FromMilliseconds(7);

    private static readonly Policy OwnRole = TestData.Policy("search", "free");
    private static readonly Policy DefaultRole = TestData.Policy("search");
    private static readonly Policy Rest = TestData.Policy("*");

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
                Waited
            ),
            Is.EqualTo(
                new Planned(new CheckPlan(new Subject(TestData.Client, "alice", countedRoute), applies, 3)
                {
                    Waited = Waited,
                })
            )
        );

    [Test]
    public void Plan_NoPolicyApplies_SaysSo() =>
        Assert.That(
            CheckPlanner.Plan(
                TestData.Snapshot(TestData.Client, policies: TestData.Policy("upload")),
                Check
            ).Problem,
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
                    Check
                )
                .Plan.IsCounted,
            Is.EqualTo(isActive)
        );
}
