using RateLimiter.Domain.Checks;

namespace RateLimiter.UnitTests.Domain.Checks;

public sealed class LogEntryTests
{
    private static readonly SubjectValues Subjects = SubjectValues.Of([new("org", "acme")])!;

    [TestCase(10, 0, null)]
    [TestCase(10, 7, 3L)]
    [TestCase(2, 10, null)]
    public void From_Check_HasItsSubjectsAndWhatWasGrantedOfItsCost(
        long cost,
        long used,
        long? granted
    )
    {
        var policy = TestData.Policy();
        var plan = new CheckPlan(new Subject(TestData.Client, "alice", null), policy, cost)
        {
            MinCost = 1,
        };
        var isDenied = used == 10;
        var decision = Decision.From(
            plan,
            [TestData.Status(wait: isDenied ? 1 : 0, remaining: 0, used: used)],
            TestData.Moment
        );

        var entry = LogEntry.From(
            new Check("alice", "search", "free", cost) { Subjects = Subjects },
            decision
        );

        Assert.That(
            (entry.Allowed, entry.Granted, entry.Subjects, entry.Kind),
            Is.EqualTo((!isDenied, granted, Subjects, LogEntryKind.Decision))
        );
    }

    [Test]
    public void OfChange_AnyState_HasNoVerdict()
    {
        var state = TestData.Decision(
            TestData.Policy(),
            TestData.Status(wait: 1, remaining: 0, used: 10)
        );

        var entry = LogEntry.OfChange(
            LogEntryKind.Refund,
            new Check("alice", "search", "free", 3) { Subjects = Subjects },
            state
        );

        Assert.That(
            (entry.Kind, entry.Allowed, entry.Reason, entry.Granted, entry.Subjects),
            Is.EqualTo((LogEntryKind.Refund, true, (string?)null, (long?)null, Subjects))
        );
        Assert.That(entry.Matches("alice", "search", null));
        Assert.That(entry.Matches(null, null, allowed: true), Is.False);
    }
}
