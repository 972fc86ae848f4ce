using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Analytics;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Analytics;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Analytics;

public sealed class AnalyticsWritesTests
{
    [Test]
    public void Of_Decision_IsAddedToWhatIsKeptOfItsHourAndItsDay()
    {
        var write = WritesOf(TestData.Moment, users: 1).Single();

        var hour = TestData.Moment.ToUnixTimeSeconds() / 3600;
        Assert.That(
            write.Keys,
            Is.EqualTo([
                RedisKeys.AnalyticsMinutes(TestData.Client, hour),
                RedisKeys.AnalyticsHours(TestData.Client, hour / 24),
                RedisKeys.AnalyticsTimes(TestData.Client, hour / 24),
                RedisKeys.AnalyticsUsers(TestData.Client, hour),
                RedisKeys.AnalyticsUsersOfHour(TestData.Client, hour),
                RedisKeys.AnalyticsUsersOfDay(TestData.Client, hour / 24),
            ])
        );
        Assert.That(write.Number, Is.EqualTo(1));
        Assert.That(write.Checks, Is.EqualTo(1));
    }

    [Test]
    public void Of_ManyUsers_IsInWritesOfABoundedSizeWithNumbersThatGrow()
    {
        var writes = WritesOf(TestData.Moment, users: 5000);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(writes.Count, Is.GreaterThan(9));
            Assert.That(
                writes.Select(write => write.Items),
                Is.All.LessThanOrEqualTo(AnalyticsWrites.MaxItems)
            );
            Assert.That(
                writes.Select(write => write.Number),
                Is.EqualTo(Enumerable.Range(1, writes.Count))
            );
            Assert.That(writes.Sum(write => write.Checks), Is.EqualTo(5000));
        }
    }

    [TestCase(-49, 5, TestName = "Of_DecisionWhoseMinutesAreNotKept_IsInItsHour")]
    [TestCase(-24 * 9, 3, TestName = "Of_DecisionWhoseUsersAreNotKept_IsInTheSums")]
    public void Of_DecisionOfThePast_IsKeptAsFarAsItsTimeIs(int hours, int keys) =>
        Assert.That(
            WritesOf(TestData.Moment.AddHours(hours), users: 1).Single().Keys,
            Has.Length.EqualTo(keys)
        );

    [Test]
    public void Of_DecisionOlderThanAnythingThatIsKept_IsNotWritten() =>
        Assert.That(WritesOf(TestData.Moment.AddDays(-92), users: 1), Is.Empty);

    private static List<AnalyticsWrite> WritesOf(DateTimeOffset at, int users)
    {
        var counts = new DecisionCounts();
        for (var i = 0; i < users; i++)
        {
            counts.Add(
                TestData.Client,
                new PolicyKey("search", "free"),
                TestData.LoggedOf($"user{i}") with
                {
                    DecidedAt = at,
                },
                TimeSpan.FromMilliseconds(1)
            );
        }

        var retention = new AnalyticsRetention(
            new AnalyticsOptions(),
            new FakeTimeProvider(TestData.Moment)
        );
        return [.. new AnalyticsWrites(retention).Of(counts)];
    }
}
