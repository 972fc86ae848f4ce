using RateLimiter.Domain.Checks;

namespace RateLimiter.UnitTests.Domain.Checks;

public sealed class LogEntryTests
{
    private static readonly SubjectValues Subjects = SubjectValues.Of([new("org", "acme")])!;

    [TestCase(10, 0, null, 10)]
    [TestCase(10, 7, 3L, 3)]
    [TestCase(2, 10, null, 0)]
    [TestCase(0, 0, null, 0)]
    public void From_Check_HasItsSubjectsAndWhatWasGrantedOfItsCost(
        long cost,
        long used,
        long? partial,
        long granted
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
            (entry.Allowed, entry.PartialGrant, entry.Granted, entry.Subjects, entry.Kind),
            Is.EqualTo((!isDenied, partial, granted, Subjects, LogEntryKind.Decision))
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
            Is.EqualTo((LogEntryKind.Refund, true, (string?)null, 3L, Subjects))
        );
        Assert.That(entry.Matches("alice", "search", null));
        Assert.That(entry.Matches(null, null, allowed: true), Is.False);
    }

    [TestCase("org=acme model=gpt", "", true)]
    [TestCase("org=acme model=gpt", "org=acme", true)]
    [TestCase("org=acme model=gpt", "model=gpt org=acme", true)]
    [TestCase("org=acme model=gpt", "org=Acme", false)]
    [TestCase("org=acme model=gpt", "org=acme model=other", false)]
    [TestCase("org=acme", "org=acme model=gpt", false)]
    [TestCase("", "org=acme", false)]
    [TestCase("", "", true)]
    public void Matches_Subjects_MustAllBeThere(string own, string filter, bool expected)
    {
        var entry = TestData.LoggedOf("alice") with { Subjects = Read(own) };

        Assert.That(entry.Matches(null, null, null, Read(filter)), Is.EqualTo(expected));

        static SubjectValues? Read(string text) =>
            SubjectValues.Of(
                text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(pair => pair.Split('='))
                    .Select(pair => KeyValuePair.Create(pair[0], pair[1]))
            );
    }
}
