using RateLimiter.Api.Policies;

namespace RateLimiter.UnitTests.Api.Policies;

public sealed class DeletePolicyRequestValidatorTests
{
    [TestCase(1, 1)]
    [TestCase(128, 128)]
    public void Validate_NamesWithinTheBounds_IsRight(int routeLength, int roleLength) =>
        Assert.That(Faults(Validation.Text(routeLength), Validation.Text(roleLength)), Is.Empty);

    [Test]
    public void Validate_NoRole_IsRight() => Assert.That(Faults("search", null), Is.Empty);

    [TestCase(null, null, "RouteKey: is required")]
    [TestCase("", null, "RouteKey: must have 1 to 128 characters")]
    [TestCase("a\0", null, "RouteKey: must not contain control characters")]
    [TestCase("a", "", "Role: must have 1 to 128 characters")]
    [TestCase("a", "\u007f", "Role: must not contain control characters")]
    public void Validate_OneNameWrong_SaysWhich(string? route, string? role, string fault) =>
        Assert.That(Faults(route, role), Is.EqualTo(new[] { fault }));

    [Test]
    public void Validate_NamesTooLong_SaysBoth() =>
        Assert.That(
            Faults(Validation.Text(129), Validation.Text(129)),
            Is.EqualTo(
                new[]
                {
                    "RouteKey: must have 1 to 128 characters",
                    "Role: must have 1 to 128 characters",
                }
            )
        );

    private static IEnumerable<string> Faults(string? route, string? role) =>
        new DeletePolicyRequestValidator().Faults(new DeletePolicyRequest(route, role));
}
