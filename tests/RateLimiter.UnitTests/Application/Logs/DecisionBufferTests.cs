using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Logs;

namespace RateLimiter.UnitTests.Application.Logs;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DecisionBufferTests
{
    private readonly FakeTimeProvider time = new(TestData.Moment);

    [Test]
    public async Task Take_AfterAdd_GivesAllInTheirOrder()
    {
        var buffer = New();

        buffer.Add(Made(1, 3));

        Assert.That(await TakeAsync(buffer, 3), Is.EqualTo(["1 u", "2 u", "3 u"]));
    }

    [Test]
    public async Task Take_BeforeAdd_WaitsForIt()
    {
        var buffer = New();
        var taken = buffer.TakeAsync(CancellationToken.None).AsTask();
        Assert.That(taken.IsCompleted, Is.False);

        buffer.Add(Made(1, 1));

        Assert.That(
            Events.Tell(await taken.WaitAsync(TimeSpan.FromSeconds(20))),
            Is.EqualTo("1 u")
        );
    }

    [Test]
    public void Take_Cancelled_Ends()
    {
        using var ending = new CancellationTokenSource();
        var taken = New().TakeAsync(ending.Token).AsTask();

        ending.Cancel();

        Assert.That(async () => await taken, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Add_MoreThanCanWait_TellsOnceHowManyWereLeftOut()
    {
        var buffer = New();

        buffer.Add(Made(1, DecisionBuffer.Capacity + 7));
        buffer.Add(Made(DecisionBuffer.Capacity + 8, 3));

        var taken = await TakeAsync(buffer, DecisionBuffer.Capacity + 1);
        Assert.That(taken[^2], Is.EqualTo("1000 u"));
        Assert.That(taken[^1], Is.EqualTo("1010 dropped 10"));
        buffer.Add(Made(1011, 1));
        Assert.That(await TakeAsync(buffer, 1), Is.EqualTo(["1011 u"]));
    }

    [Test]
    public async Task Add_ReaderHasTakenALittle_StillLeavesOutUntilHeHasAll()
    {
        var buffer = New();
        buffer.Add(Made(1, DecisionBuffer.Capacity + 1));
        await TakeAsync(buffer, 500);

        buffer.Add(Made(DecisionBuffer.Capacity + 2, 1));

        Assert.That((await TakeAsync(buffer, 501))[^1], Is.EqualTo("1002 dropped 2"));
    }

    [Test]
    public async Task Add_CutOffInTheLog_ComesInItsPlace()
    {
        var buffer = New();

        buffer.Add([.. Made(1, 1), new EntriesDropped(ClientLog.Decisions, 5, 4), .. Made(6, 1)]);

        Assert.That(await TakeAsync(buffer, 3), Is.EqualTo(["1 u", "5 dropped 4", "6 u"]));
    }

    [Test]
    public async Task Add_EntriesOfTwoLogsThatCannotWait_TellsOfEach()
    {
        var buffer = New();

        buffer.Add([
            .. Made(1, DecisionBuffer.Capacity + 2),
            new EntryLogged(ClientLog.Changes, 7, TestData.LoggedOf("u")),
            .. Made(DecisionBuffer.Capacity + 3, 1),
        ]);

        var taken = await TakeAsync(buffer, DecisionBuffer.Capacity + 2);
        Assert.That(taken.TakeLast(2), Is.EqualTo(["1003 dropped 3", "change 7 dropped 1"]));
        buffer.Add(Made(1004, 1));
        Assert.That(await TakeAsync(buffer, 1), Is.EqualTo(["1004 u"]));
    }

    [TestCase(4, "1006 dropped 6")]
    [TestCase(null, "1006 dropped ?")]
    public async Task Add_CutOffWhereOthersWereLeftOut_IsCountedWithThem(
        long? count,
        string expected
    )
    {
        var buffer = New();

        buffer.Add([
            .. Made(1, DecisionBuffer.Capacity + 1),
            new EntriesDropped(ClientLog.Decisions, 1005, count),
            .. Made(1006, 1),
        ]);

        Assert.That(
            (await TakeAsync(buffer, DecisionBuffer.Capacity + 1))[^1],
            Is.EqualTo(expected)
        );
    }

    [Test]
    public async Task Add_WithFilter_NeitherKeepsNorCountsWhatDoesNotFit()
    {
        var buffer = New(new FollowDecisionsQuery(TestData.Client, UserId: "v"));

        buffer.Add([.. Made(1, 5), .. Made(6, DecisionBuffer.Capacity + 2, "v"), .. Made(1008, 9)]);

        var taken = await TakeAsync(buffer, DecisionBuffer.Capacity + 1);
        Assert.That(taken[0], Is.EqualTo("6 v"));
        Assert.That(taken[^1], Is.EqualTo("1007 dropped 2"));
    }

    [Test]
    public async Task Add_WithSubjects_KeepsWhatHasThem()
    {
        var subjects = TestData.Subjects(("org", "acme"));
        var buffer = New(new FollowDecisionsQuery(TestData.Client, Subjects: subjects));
        var entry = TestData.LoggedOf("v") with { Subjects = subjects };

        buffer.Add([.. Made(1, 5), new EntryLogged(ClientLog.Decisions, 6, entry)]);

        Assert.That(await TakeAsync(buffer, 1), Is.EqualTo(["6 v"]));
    }

    [Test]
    public async Task Add_FasterThanAllowed_LeavesOutTheRest()
    {
        var buffer = New(perSecond: 10);

        buffer.Add(Made(1, 12));
        Assert.That((await TakeAsync(buffer, 11))[^1], Is.EqualTo("12 dropped 2"));

        time.Advance(TimeSpan.FromSeconds(0.5));
        buffer.Add(Made(13, 12));
        var taken = await TakeAsync(buffer, 6);
        Assert.That(taken[^2], Is.EqualTo("17 u"));
        Assert.That(taken[^1], Is.EqualTo("24 dropped 7"));
    }

    [Test]
    public async Task Fail_WithDecisionsWaiting_ComesAfterThem()
    {
        var buffer = New();
        buffer.Add(Made(1, 1));

        buffer.Fail(new FormatException());

        Assert.That(await TakeAsync(buffer, 1), Is.EqualTo(["1 u"]));
        Assert.That(
            async () => await TakeAsync(buffer, 1),
            Throws.InvalidOperationException.With.InnerException.TypeOf<FormatException>()
        );
    }

    private static List<LogEvent> Made(long first, int count, string user = "u") =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new EntryLogged(
                    ClientLog.Decisions,
                    first + i,
                    TestData.LoggedOf(user)
                )),
        ];

    private static async Task<IReadOnlyList<string>> TakeAsync(DecisionBuffer buffer, int count)
    {
        var taken = new List<string>();
        while (taken.Count < count)
        {
            taken.Add(
                Events.Tell(
                    await buffer
                        .TakeAsync(CancellationToken.None)
                        .AsTask()
                        .WaitAsync(TimeSpan.FromSeconds(20))
                )
            );
        }

        return taken;
    }

    private DecisionBuffer New(FollowDecisionsQuery? query = null, int perSecond = 100_000) =>
        new(
            query ?? new FollowDecisionsQuery(TestData.Client),
            new StreamLoad(
                Options.Create(
                    new StreamOptions
                    {
                        EventsPerSecond = perSecond,
                        EventsPerSecondPerInstance = perSecond,
                    }
                )
            ),
            time
        );
}
