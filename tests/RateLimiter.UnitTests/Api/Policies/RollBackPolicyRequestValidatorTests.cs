using RateLimiter.Api.Policies;

namespace RateLimiter.UnitTests.Api.Policies;

public sealed class RollBackPolicyRequestValidatorTests
{
    [TestCase(1)]
    [TestCase(9_007_199_254_740_991)]
    public void Validate_VersionWithinTheBounds_IsRight(long version) =>
        Assert.That(Faults(new("search", version)), Is.Empty);

    [TestCase(null, "Version: is required")]
    [TestCase(0, "Version: must be from 1 to 9007199254740991")]
    [TestCase(long.MaxValue, "Version: must be from 1 to 9007199254740991")]
    public void Validate_VersionWrong_SaysSo(long? version, string fault) =>
        Assert.That(Faults(new("search", version)), Is.EqualTo(new[] { fault }));

    [Test]
    public void Validate_NamesWrong_SaysBoth() =>
        Assert.That(
            Faults(new("", 1, "")),
            Is.EqualTo(
                new[]
                {
                    "RouteKey: must have 1 to 128 characters",
                    "Role: must have 1 to 128 characters",
                }
            )
        );

    private static IEnumerable<string> Faults(RollBackPolicyRequest request) =>
        new RollBackPolicyRequestValidator().Faults(request);
}
