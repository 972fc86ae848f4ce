using RateLimiter.Dashboard.Forms;

namespace RateLimiter.UnitTests.Dashboard.Forms;

public sealed class GracePeriodFormTests
{
    [TestCase("0", 0)]
    [TestCase(" 1 ", 86_400)]
    [TestCase("30", 2_592_000)]
    public void Read_ValidCount_IsItsTime(string count, int seconds) =>
        Assert.That(
            new GracePeriodForm { Count = count }.Read(),
            Is.EqualTo((TimeSpan.FromSeconds(seconds), (string?)null))
        );

    [TestCase("", "is required")]
    [TestCase("some", "must be a whole number")]
    [TestCase("-1", "must be from 0 to 2592000")]
    [TestCase("31", "must be from 0 to 2592000")]
    [TestCase("9223372036854775807", "must be from 0 to 2592000")]
    public void Read_WrongCount_HasAnError(string count, string error) =>
        Assert.That(
            new GracePeriodForm { Count = count }
                .Read()
                .Error,
            Is.EqualTo(error)
        );
}
