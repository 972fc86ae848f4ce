using RateLimiter.Domain.Checks;

namespace RateLimiter.UnitTests.Domain.Checks;

public sealed class CheckPlanTests
{
    [TestCase("search", "search", null)]
    [TestCase("search", "*", null, Description = "asked for by that name")]
    [TestCase("*", "search", "search")]
    [TestCase("*", "upload", "upload")]
    [TestCase("*", "*", "*")]
    public void For_Policy_CountsByRouteOnlyWhereOnePolicyIsForMany(
        string policyRoute,
        string route,
        string? counted
    )
    {
        var policy = TestData.Policy(policyRoute, "free");

        Assert.That(
            CheckPlan.For(
                TestData.Client,
                policy,
                policy.Limits,
                "alice",
                subjects: null,
                route,
                7
            ),
            Is.EqualTo(new CheckPlan(new Subject(TestData.Client, "alice", counted), policy, 7))
        );
    }
}
