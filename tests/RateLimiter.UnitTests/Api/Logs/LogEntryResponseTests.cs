using RateLimiter.Api.Logs;
using RateLimiter.Domain.Checks;

namespace RateLimiter.UnitTests.Api.Logs;

public sealed class LogEntryResponseTests
{
    [Test]
    public void Map_Decision_TakesOverEveryField()
    {
        var decision = TestData.Decision(TestData.Policy(), TestData.Status(wait: 1, remaining: 3));

        Assert.That(
            Mapping.Mapper.Map<LogEntryResponse>(
                TestData.Logged(decision, "alice", "search", "free", cost: 7)
            ),
            Is.EqualTo(
                new LogEntryResponse
                {
                    Timestamp = TestData.Moment.UtcDateTime,
                    TimestampMs = TestData.Moment.ToUnixTimeMilliseconds(),
                    UserId = "alice",
                    Subjects = null,
                    Route = "search",
                    Role = "free",
                    MatchedRole = "default",
                    Allowed = false,
                    ShadowDenied = false,
                    Degraded = false,
                    Reason = Decision.LimitExceeded,
                    Cost = 7,
                    Granted = 0,
                    Remaining = 3,
                    Limit = 10,
                    Capacity = 10,
                    Kind = LogEntryKind.Decision,
                }
            )
        );
    }

    [Test]
    public void Map_SubjectsAndPartOfTheCost_AreThere()
    {
        var entry = TestData.LoggedOf("alice") with
        {
            Subjects = TestData.Subjects(("org", "acme"), ("model", "gpt")),
            Cost = 7,
            PartialGrant = 3,
        };

        var response = Mapping.Mapper.Map<LogEntryResponse>(entry);

        Assert.That(response.Subjects, Is.EquivalentTo(entry.Subjects));
        Assert.That(response.Granted, Is.EqualTo(3));
    }
}
