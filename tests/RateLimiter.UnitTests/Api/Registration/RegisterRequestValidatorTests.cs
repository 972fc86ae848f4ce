using RateLimiter.Api.Registration;

namespace RateLimiter.UnitTests.Api.Registration;

public sealed class RegisterRequestValidatorTests
{
    [TestCase(1, "x")]
    [TestCase(100, "x")]
    [TestCase(100, "😀")]
    public void Validate_NameWithinTheBounds_IsRight(int length, string character) =>
        Assert.That(Faults(Validation.Text(length, character)), Is.Empty);

    [TestCase(null, "Name: is required")]
    [TestCase("", "Name: must have 1 to 100 characters")]
    [TestCase("a\tb", "Name: must not contain control characters")]
    public void Validate_NoName_SaysWhy(string? name, string fault) =>
        Assert.That(Faults(name), Is.EqualTo(new[] { fault }));

    [Test]
    public void Validate_NameTooLong_SaysTheBounds() =>
        Assert.That(
            Faults(Validation.Text(101)),
            Is.EqualTo(new[] { "Name: must have 1 to 100 characters" })
        );

    private static IEnumerable<string> Faults(string? name) =>
        new RegisterRequestValidator().Faults(new RegisterRequest(name));
}
