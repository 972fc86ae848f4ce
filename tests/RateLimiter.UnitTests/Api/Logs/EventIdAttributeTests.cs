using RateLimiter.Api.Logs;

namespace RateLimiter.UnitTests.Api.Logs;

public sealed class EventIdAttributeTests
{
    [TestCase("0", 0L)]
    [TestCase("1795884224368118", 1795884224368118L)]
    [TestCase("9007199254740992", 9007199254740992L)]
    [TestCase("9007199254740993", null)]
    [TestCase("99999999999999999999", null)]
    [TestCase("-1", null)]
    [TestCase("+1", null)]
    [TestCase(" 1", null)]
    [TestCase("1.0", null)]
    [TestCase("1e3", null)]
    [TestCase("x", null)]
    [TestCase("", null)]
    public void Read_Text_IsAnIdOrNone(string text, long? id) =>
        Assert.That(EventIdAttribute.Read(text), Is.EqualTo(id));
}
