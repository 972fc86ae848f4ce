using RateLimiter.Dashboard.Limits;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Dashboard.Limits;

public sealed class PolicyDifferenceTests
{
    [Test]
    public void Between_TheSame_IsNothing() =>
        Assert.That(
            PolicyDifference.Between(TestData.Definition(), TestData.Definition()),
            Is.Empty
        );

    [Test]
    public void Between_EveryField_NamesEach() =>
        Assert.That(
            PolicyDifference.Between(
                TestData.Definition(description: "old"),
                TestData.Definition(
                    isActive: false,
                    mode: PolicyMode.Shadow,
                    onStoreFailure: StoreFailureMode.Allow,
                    limits: TestData.Limit(permits: 20)
                )
            ),
            Is.EqualTo([
                new PolicyDifference(
                    "Limit",
                    "10 per 60 s, fixed window",
                    "20 per 60 s, fixed window"
                ),
                new PolicyDifference("Mode", "enforce", "shadow"),
                new PolicyDifference("Active", "yes", "no"),
                new PolicyDifference(
                    "On store failure",
                    "service default",
                    "fail open: allow everything"
                ),
                new PolicyDifference("Description", "old", null),
            ])
        );

    [Test]
    public void Between_OneLimitAddedAndOneRemoved_NamesBoth() =>
        Assert.That(
            PolicyDifference.Between(
                TestData.Definition(limits: [TestData.Limit("a"), TestData.Limit("b", 1, 1)]),
                TestData.Definition(limits: [TestData.Limit("a"), TestData.Limit("c", 2, 2)])
            ),
            Is.EqualTo([
                new PolicyDifference("Limit b", "1 per 1 s, fixed window", null),
                new PolicyDifference("Limit c", null, "2 per 2 s, fixed window"),
            ])
        );

    [Test]
    public void Between_OrderOfLimits_NamesIt() =>
        Assert.That(
            PolicyDifference.Between(
                TestData.Definition(limits: [TestData.Limit("a"), TestData.Limit("b")]),
                TestData.Definition(limits: [TestData.Limit("b"), TestData.Limit("a")])
            ),
            Is.EqualTo([new PolicyDifference("Order of limits", "a, b", "b, a")])
        );
}
