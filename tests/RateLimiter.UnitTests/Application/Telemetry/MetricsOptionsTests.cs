using Microsoft.Extensions.Options;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.UnitTests.Application.Telemetry;

public sealed class MetricsOptionsTests
{
    [TestCase(null)]
    [TestCase("")]
    [TestCase("0123456789abcde~")]
    public void Validate_TokenThatFitsAHeader_IsValid(string? token) =>
        Assert.That(Validate(token).Succeeded, Is.True);

    [TestCase("0123456789abcde")]
    [TestCase("0123456789 abcdef")]
    [TestCase("0123456789abcdefé")]
    public void Validate_AnyOther_IsRefusedWithoutShowingIt(string token)
    {
        var result = Validate(token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Failed, Is.True);
            Assert.That(result.FailureMessage, Does.StartWith("Metrics:Token must be 16 or more"));
            Assert.That(result.FailureMessage, Does.Not.Contain(token));
        }
    }

    private static ValidateOptionsResult Validate(string? token) =>
        new MetricsOptionsValidator().Validate(null, new MetricsOptions { Token = token });
}
