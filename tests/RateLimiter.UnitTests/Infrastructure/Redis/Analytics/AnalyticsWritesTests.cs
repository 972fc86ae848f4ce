using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Analytics;
using RateLimiter.Domain.Checks;
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

    [Test]
    public void Of_ManyValuesOfASubject_WritesTheMostFrequentAndTheSumOfTheOthers()
    {
        var often = Enumerable.Repeat("often", 3);
        var part = WritesOf(
                TestData.Moment,
                [.. often, .. Enumerable.Range(0, SubjectParts.MaxValues + 9).Select(i => $"{i}")]
            )
            .SelectMany(write => write.Values)
            .Select(value => (string)value!)
            .SkipWhile(value => value != "subjects")
            .Skip(2)
            .ToList();

        var values = part.Skip(1).Chunk(3).Select(it => (Value: it[0], Checks: it[1])).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(part[0], Is.EqualTo($"{SubjectParts.MaxValues + 1}"));
            Assert.That(values, Has.Count.EqualTo(SubjectParts.MaxValues + 1));
            Assert.That(values, Has.Member(("often", "3")));
            Assert.That(values[^1], Is.EqualTo((SubjectKey.Other, "10")));
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

    private static List<AnalyticsWrite> WritesOf(DateTimeOffset at, int users) =>
        WritesOf(
            Enumerable
                .Range(0, users)
                .Select(i => TestData.LoggedOf($"user{i}") with { DecidedAt = at })
        );

    private static List<AnalyticsWrite> WritesOf(
        DateTimeOffset at,
        IEnumerable<string> organisations
    ) =>
        WritesOf(
            organisations.Select(organisation =>
                TestData.LoggedOf("alice") with
                {
                    DecidedAt = at,
                    Subjects = TestData.Subjects(("org", organisation)),
                }
            )
        );

    private static List<AnalyticsWrite> WritesOf(IEnumerable<LogEntry> decisions)
    {
        var policy = TestData.Policy("search", "free", limits: TestData.Limit(per: ["org"]));
        var counts = new DecisionCounts();
        foreach (var decision in decisions)
        {
            counts.Add(TestData.Client, policy, decision, TimeSpan.FromMilliseconds(1));
        }

        var retention = new AnalyticsRetention(
            new AnalyticsOptions(),
            new FakeTimeProvider(TestData.Moment)
        );
        return [.. new AnalyticsWrites(retention).Of(counts)];
    }
}
