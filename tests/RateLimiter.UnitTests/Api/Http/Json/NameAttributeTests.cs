using System.ComponentModel.DataAnnotations;
using RateLimiter.Api.Http.Json;

namespace RateLimiter.UnitTests.Api.Http.Json;

public sealed class NameAttributeTests
{
    [TestCase(null, null)]
    [TestCase("abc", null)]
    [TestCase("", "must have 1 to 3 characters")]
    [TestCase("abcd", "must have 1 to 3 characters")]
    [TestCase("a\n", "must not contain control characters")]
    public void GetValidationResult_Value_SaysWhatIsWrong(string? value, string? message) =>
        Assert.That(
            new NameAttribute(3)
                .GetValidationResult(value, new ValidationContext(this))
                ?.ErrorMessage,
            Is.EqualTo(message)
        );
}
