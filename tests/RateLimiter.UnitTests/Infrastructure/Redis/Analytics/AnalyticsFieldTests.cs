using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Analytics;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Analytics;

public sealed class AnalyticsFieldTests
{
    [TestCase("search", "free", false)]
    [TestCase("search", "free", true)]
    [TestCase("a:b", "1:c", false)]
    [TestCase("", "free", true)]
    [TestCase("other", "other", true)]
    public void Parse_FieldOfAnyNames_GivesThemBack(string route, string role, bool isCatchAll) =>
        Assert.That(
            AnalyticsField.Parse(AnalyticsField.Of(route, role, isCatchAll)),
            Is.EqualTo((new PolicyKey(route, role), isCatchAll))
        );

    [Test]
    public void Parse_FieldOfTheOthers_IsNull() =>
        Assert.That(AnalyticsField.Parse(AnalyticsField.Of("", "", isCatchAll: false)), Is.Null);
}
