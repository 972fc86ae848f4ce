using RateLimiter.Dashboard.Formatting;

namespace RateLimiter.UnitTests.Dashboard.Formatting;

public sealed class LifetimesTests
{
    [TestCase(3, 86_400, 259_200)]
    [TestCase(-1, 60, -60)]
    [TestCase(long.MaxValue, 86_400, long.MaxValue)]
    [TestCase(long.MinValue, 86_400, long.MinValue)]
    public void Seconds_AnyCount_NeverWraps(long count, long unit, long expected) =>
        Assert.That(Lifetimes.Seconds(count, unit), Is.EqualTo(expected));
}
