using RateLimiter.Dashboard.Forms;

namespace RateLimiter.UnitTests.Dashboard.Forms;

public sealed class WholeNumberTests
{
    [TestCase("100", 100)]
    [TestCase(" 7 ", 7)]
    [TestCase("-1", -1)]
    [TestCase("", null)]
    [TestCase("  ", null)]
    [TestCase(null, null)]
    public void TryRead_NumberOrNothing_ReadsIt(string? text, long? expected)
    {
        var isRead = WholeNumber.TryRead(text, out var number);

        Assert.That((isRead, number), Is.EqualTo((true, expected)));
    }

    [TestCase("1.5")]
    [TestCase("1,000")]
    [TestCase("ten")]
    [TestCase("99999999999999999999")]
    public void TryRead_AnythingElse_IsNone(string text) =>
        Assert.That(WholeNumber.TryRead(text, out _), Is.False);
}
