using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Telemetry;

namespace RateLimiter.UnitTests.Application.Telemetry;

public sealed class LineLimitTests
{
    [TestCase(1)]
    [TestCase(10)]
    public void TryTake_HoweverOften_IsSoManyTimesAMinute(int linesPerMinute)
    {
        var time = new FakeTimeProvider(TestData.Moment);
        var limit = new LineLimit(time, linesPerMinute);

        var taken = Enumerable.Range(0, 3).Select(_ => TakeForAMinute()).ToList();

        Assert.That(taken, Is.All.EqualTo(linesPerMinute));

        int TakeForAMinute()
        {
            var count = 0;
            for (var i = 0; i < 60; i++)
            {
                count += Enumerable.Range(0, 20).Count(_ => limit.TryTake());
                time.Advance(TimeSpan.FromSeconds(1));
            }

            return count;
        }
    }
}
