using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Analytics;
using RateLimiter.Infrastructure.Redis.Analytics;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Analytics;

public sealed class AnalyticsRetentionTests
{
    // Hour 100 has just begun: day 4 since 1970, 04:00.
    private const long Hour = 100;
    private const long Day = 4;

    private static readonly BucketRange Everything = new(0, long.MaxValue);

    private static readonly AnalyticsRetention Retention = new(
        new AnalyticsOptions
        {
            MinuteRetentionHours = 2,
            HourRetentionDays = 2,
            UserRetentionDays = 1,
        },
        new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddHours(Hour))
    );

    [Test]
    public void Ends_OfEachKind_AreItsTimeAfterTheEndOfTheKey()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(HoursSince1970(Retention.EndOfMinutes(Hour)), Is.EqualTo(Hour + 1 + 2));
            Assert.That(HoursSince1970(Retention.EndOfUsers(Hour)), Is.EqualTo(Hour + 1 + 24));
            Assert.That(HoursSince1970(Retention.EndOfHours(Day)), Is.EqualTo((Day + 1 + 2) * 24));
        }
    }

    [TestCase(0, true)]
    [TestCase(1, false)]
    public void IsOver_Key_ExpiresAtItsEnd(int ticks, bool expected) =>
        Assert.That(
            Retention.IsOver(DateTimeOffset.UnixEpoch.AddHours(Hour).AddTicks(ticks)),
            Is.EqualTo(expected)
        );

    [TestCase(2, BucketSize.Minute)]
    [TestCase(3, BucketSize.Hour)]
    public void FinestFor_Span_IsMinutesIfAllOfThemAreKept(int hours, BucketSize expected)
    {
        var now = DateTimeOffset.UnixEpoch.AddHours(Hour);

        Assert.That(
            Retention.FinestFor(new AnalyticsSpan(now.AddHours(-hours), now)),
            Is.EqualTo(expected)
        );
    }

    [Test]
    public void Restrict_Everything_IsWhatMayBeKeptAndADayAhead()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                Retention.Restrict(Everything, BucketSize.Minute),
                Is.EqualTo(new BucketRange((Hour - 2 - 1) * 60, (Hour + 24) * 60))
            );
            Assert.That(
                Retention.Restrict(Everything, BucketSize.Hour),
                Is.EqualTo(new BucketRange(Hour - 48 - 24, Hour + 24))
            );
            Assert.That(
                Retention.RestrictUsers(Everything),
                Is.EqualTo(new BucketRange(Hour - 24 - 1, Hour + 24))
            );
        }
    }

    private static double HoursSince1970(DateTimeOffset end) =>
        (end - DateTimeOffset.UnixEpoch).TotalHours;
}
