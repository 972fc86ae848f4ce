using RateLimiter.Application.Logs;
using RateLimiter.Domain.Checks;

namespace RateLimiter.UnitTests.Application.Logs;

public sealed class LogPositionTests
{
    private const string Unreadable = "?";

    [Test]
    public void Continue_NothingNew_StaysWhereItIs()
    {
        var (events, next) = new LogPosition(105, false).Continue(Part(100, 100, 5));

        Assert.That(events, Is.Empty);
        Assert.That(next, Is.EqualTo(new LogPosition(105, false)));
    }

    [Test]
    public void Continue_NewDecisions_GivesEachItsPlaceAsId()
    {
        var (events, next) = new LogPosition(103, false).Continue(Part(100, 102, 5, "a", "b", "c"));

        Assert.That(Told(events), Is.EqualTo(["105 a", "106 b", "107 c"]));
        Assert.That(next, Is.EqualTo(new LogPosition(107, false)));
    }

    [Test]
    public void Continue_EntryThatCannotBeRead_IsSkippedWithItsId()
    {
        var (events, next) = new LogPosition(103, false).Continue(
            Part(100, 102, 5, "a", Unreadable, "c")
        );

        Assert.That(Told(events), Is.EqualTo(["105 a", "107 c"]));
        Assert.That(next, Is.EqualTo(new LogPosition(107, false)));
    }

    // start, cut, after, is before all → the decisions that are reported as dropped
    [TestCase(100, 150, 150, false, null, TestName = "Continue_FirstOneKept_NothingIsLeftOut")]
    [TestCase(100, 150, 149, false, "150 dropped 1", TestName = "Continue_OneCutOff_IsCounted")]
    [TestCase(100, 150, 100, false, "150 dropped 50", TestName = "Continue_ManyCutOff_AreCounted")]
    [TestCase(
        100,
        150,
        99,
        false,
        "150 dropped ?",
        TestName = "Continue_IdOfAnEarlierLog_IsUnknown"
    )]
    [TestCase(
        100,
        150,
        99,
        true,
        "150 dropped 50",
        TestName = "Continue_NoLogBefore_CountsFromItsStart"
    )]
    [TestCase(100, 100, 99, true, null, TestName = "Continue_NoLogBefore_AllOfANewOneIsNew")]
    [TestCase(0, 0, 0, true, null, TestName = "Continue_LogWithoutStart_AllIsNew")]
    public void Continue_AfterWhatIsKept_SaysWhatIsMissing(
        long start,
        long cut,
        long after,
        bool isBeforeAll,
        string? leftOut
    )
    {
        var (events, next) = new LogPosition(after, isBeforeAll).Continue(
            Part(start, cut, 2, "a", "b")
        );

        string[] decisions = [$"{cut + 1} a", $"{cut + 2} b"];
        Assert.That(
            Told(events),
            Is.EqualTo(leftOut is null ? decisions : [leftOut, .. decisions])
        );
        Assert.That(next, Is.EqualTo(new LogPosition(cut + 2, false)));
    }

    [Test]
    public void Continue_IdBeyondTheEnd_GoesOnFromTheEnd()
    {
        var (events, next) = new LogPosition(120, false).Continue(Part(100, 110, 5));

        Assert.That(Told(events), Is.EqualTo(["115 dropped ?"]));
        Assert.That(next, Is.EqualTo(new LogPosition(115, false)));
    }

    [Test]
    public void Continue_LogExpired_WaitsForANewOne()
    {
        var (events, next) = new LogPosition(120, false).Continue(Part(100, 110, 0));

        Assert.That(events, Is.Empty);
        Assert.That(next, Is.EqualTo(new LogPosition(120, true)));
    }

    private static LogSegment Part(long start, long cut, int length, params string[] users) =>
        new(
            start,
            cut,
            length,
            [
                .. users.Select(user =>
                    user == Unreadable ? (LogEntry?)null : TestData.LoggedOf(user)
                ),
            ]
        );

    private static IEnumerable<string> Told(IEnumerable<LogEvent> events) =>
        events.Select(Events.Tell);
}
