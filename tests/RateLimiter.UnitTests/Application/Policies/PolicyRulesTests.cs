using System.Globalization;
using RateLimiter.Application.Policies;

namespace RateLimiter.UnitTests.Application.Policies;

public sealed class PolicyRulesTests
{
    [TestCase(0, "must hold 1 to 8 limits")]
    [TestCase(1, null)]
    [TestCase(8, null)]
    [TestCase(9, "must hold 1 to 8 limits")]
    public void LimitsProblem_SoManyLimits_SaysWhatIsWrong(int count, string? message) =>
        Assert.That(
            PolicyRules.LimitsProblem([
                .. Enumerable.Repeat(new LimitFields(10, 60, null, null), count),
            ]),
            Is.EqualTo(message)
        );

    [Test]
    public void LimitsProblem_TheSameNameTwice_SaysSo()
    {
        var limit = new LimitFields(10, 60, null, null, "a");

        Assert.That(
            PolicyRules.LimitsProblem([limit, limit]),
            Is.EqualTo("must each have a name of its own")
        );
    }

    [Test]
    public void MaxVersionText_IsTheNumber() =>
        Assert.That(
            PolicyRules.MaxVersion.ToString(CultureInfo.InvariantCulture),
            Is.EqualTo(PolicyRules.MaxVersionText)
        );
}
