using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;

namespace RateLimiter.UnitTests.Application.Logs;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class FollowDecisionsHandlerTests : IDisposable
{
    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly KeptLog log = new();
    private readonly CancellationTokenSource ending = new();
    private FollowDecisionsHandler handler;

    public FollowDecisionsHandlerTests() => handler = New(new StreamOptions());

    public void Dispose()
    {
        ending.Cancel();
        ending.Dispose();
    }

    [Test]
    public async Task Handle_FromNowOn_GivesWhatComesAndNothingOlder()
    {
        log.Append("old");
        var events = await FollowAsync();

        log.Append("a", "b");

        Assert.That(await events.NextAsync(2, time), Is.EqualTo(["2 a", "3 b"]));
    }

    [Test]
    public async Task Handle_ClientWithoutALog_GivesTheFirstOfANewOne()
    {
        var events = await FollowAsync();

        log.Begin(1_000_000);
        log.Append("a");

        Assert.That(await events.NextAsync(1, time), Is.EqualTo(["1000001 a"]));
    }

    [TestCase(0, new[] { "1 a", "2 b", "3 c" })]
    [TestCase(1, new[] { "2 b", "3 c" })]
    [TestCase(3, new string[0])]
    public async Task Handle_AfterAnId_GivesWhatIsKeptAfterItFirst(long after, string[] missed)
    {
        log.Append("a", "b", "c");
        var events = await FollowAsync(new(TestData.Client, new StreamPosition(after)));

        log.Append("d");

        Assert.That(
            await events.NextAsync(missed.Length + 1, time),
            Is.EqualTo([.. missed, "4 d"])
        );
    }

    [Test]
    public async Task Handle_AfterAnIdThatIsCutOff_SaysHowManyAreMissing()
    {
        log.Append("a", "b", "c", "d");
        log.Cut(3);

        var events = await FollowAsync(new(TestData.Client, After: new StreamPosition(1)));

        Assert.That(await events.NextAsync(2, time), Is.EqualTo(["3 dropped 2", "4 d"]));
    }

    [Test]
    public async Task Handle_AfterAnIdOfALogThatIsGone_SaysThatSomeMayBeMissing()
    {
        log.Append("a", "b");
        log.Expire();

        var events = await FollowAsync(new(TestData.Client, After: new StreamPosition(2)));

        Assert.That(await events.NextAsync(1, time), Is.EqualTo(["2 dropped ?"]));
        log.Begin(100);
        log.Append("c");
        Assert.That(await events.NextAsync(1, time), Is.EqualTo(["101 c"]));
    }

    [Test]
    public async Task Handle_WithFilter_GivesWhatFits()
    {
        log.Append("a", "b", "a");
        var events = await FollowAsync(
            new(TestData.Client, After: new StreamPosition(0), UserId: "a")
        );

        log.Append("b", "a");

        Assert.That(await events.NextAsync(3, time), Is.EqualTo(["1 a", "3 a", "5 a"]));
    }

    [Test]
    public async Task Handle_ChangesToo_GivesWhatComesInEitherLog()
    {
        log.Append("old");
        log.AppendRefunds("old");
        var outcome = await handler.Handle(new(TestData.Client, WithChanges: true), default);
        var events = outcome.Events!.GetAsyncEnumerator(ending.Token);

        log.Append("a");
        log.AppendRefunds("a");

        Assert.That(outcome.Start, Is.EqualTo(new StreamPosition(1, 1)));
        Assert.That(await events.NextAsync(2, time), Is.EquivalentTo(["2 a", "change 2 a"]));
    }

    [TestCase(1, 2, new[] { "2 b", "change 3 c" })]
    [TestCase(2, null, new string[0])]
    [TestCase(0, 0, new[] { "1 a", "2 b", "change 1 a", "change 2 b", "change 3 c" })]
    public async Task Handle_ChangesTooAfterAnId_GivesWhatIsKeptAfterIt(
        long decisions,
        long? changes,
        string[] missed
    )
    {
        log.Append("a", "b");
        log.AppendRefunds("a", "b", "c");
        var events = await FollowAsync(
            new(TestData.Client, new StreamPosition(decisions, changes), WithChanges: true)
        );

        log.Append("d");

        Assert.That(
            await events.NextAsync(missed.Length + 1, time),
            Is.EqualTo([.. missed, "3 d"])
        );
    }

    [Test]
    public async Task Handle_WithoutChanges_GivesNone()
    {
        log.AppendRefunds("a");
        var outcome = await handler.Handle(new(TestData.Client, new StreamPosition(0, 0)), default);
        var events = outcome.Events!.GetAsyncEnumerator(ending.Token);

        log.AppendRefunds("b");
        log.Append("c");

        Assert.That(outcome.Start, Is.EqualTo(new StreamPosition(0)));
        Assert.That(await events.NextAsync(1, time), Is.EqualTo(["1 c"]));
    }

    [Test]
    public async Task Handle_SeveralOfOneClient_GiveEachEverythingOfTheSameReads()
    {
        var all = new List<IAsyncEnumerator<LogEvent>>();
        for (var i = 0; i < 20; i++)
        {
            all.Add(await FollowAsync());
        }

        var before = log.Reads;
        log.Append("a");
        var told = new List<string>();
        foreach (var events in all)
        {
            told.AddRange(await events.NextAsync(1, time));
        }

        Assert.That(told, Is.EqualTo(Enumerable.Repeat("1 a", 20)));
        Assert.That(log.Reads - before, Is.LessThan(20));
    }

    [Test]
    public async Task Handle_StoreUnavailableForAWhile_GoesOnWithoutAGap()
    {
        var events = await FollowAsync();
        log.Append("a");
        Assert.That(await events.NextAsync(1, time), Is.EqualTo(["1 a"]));

        log.SetAway(true);
        var reads = log.Reads;
        await time.GoOnUntilAsync(() => log.Reads > reads + 2);
        log.Append("b", "c");
        log.SetAway(false);

        Assert.That(await events.NextAsync(2, time), Is.EqualTo(["2 b", "3 c"]));
    }

    [Test]
    public async Task Handle_StoreUnavailableAtOnce_FailsAndTakesNoPlace()
    {
        handler = New(new StreamOptions { MaxPerClient = 1 });
        log.SetAway(true);
        Assert.That(() => FollowAsync(), Throws.TypeOf<StoreUnavailableException>());

        log.SetAway(false);

        Assert.That(await FollowAsync(), Is.Not.Null);
    }

    [Test]
    public async Task Handle_WrittenHere_IsReadAtOnce()
    {
        var events = await FollowAsync();
        // Wait until the follower polls at its longest interval.
        var reads = log.Reads;
        await time.GoOnUntilAsync(() => log.Reads > reads + 5);
        await time.GoOnAsync(StreamLoad.MinRest);
        var next = events.MoveNextAsync().AsTask();

        log.Append("a");
        log.Announce();

        // Long before the next poll would have been due.
        Assert.That(await time.HappensWithinAsync(DecisionFollower.MaxWait / 2, next));
    }

    [TestCase(2, 100, true)]
    [TestCase(100, 2, false)]
    public async Task Handle_TooMany_AreRefusedUntilOneHasEnded(
        int perClient,
        int perInstance,
        bool isOtherServed
    )
    {
        handler = New(new StreamOptions { MaxPerClient = perClient, MaxPerInstance = perInstance });
        var first = await FollowAsync();
        await FollowAsync();

        var third = await handler.Handle(new(TestData.Client), default);
        var other = await handler.Handle(new(new ClientId("otherotherother1")), default);

        Assert.That(third.Events, Is.Null);
        Assert.That(other.Events is not null, Is.EqualTo(isOtherServed));
        log.Append("a");
        await first.NextAsync(1, time);
        await first.DisposeAsync();
        Assert.That((await handler.Handle(new(TestData.Client), default)).Events, Is.Not.Null);
    }

    [Test]
    public async Task Handle_NobodyFollowsAnyMore_AsksNoMore()
    {
        var events = await FollowAsync();
        log.Append("a");
        await events.NextAsync(1, time);

        await events.DisposeAsync();
        var reads = log.Reads;
        await time.GoOnAsync(TimeSpan.FromSeconds(5));

        // One read may have been in progress.
        Assert.That(log.Reads, Is.LessThanOrEqualTo(reads + 1));
    }

    private FollowDecisionsHandler New(StreamOptions settings)
    {
        var options = Options.Create(settings);
        return new(new DecisionFollowers(log, options, new StreamLoad(options), time), log);
    }

    private async Task<IAsyncEnumerator<LogEvent>> FollowAsync(
        FollowDecisionsQuery? query = null
    ) =>
        (await handler.Handle(query ?? new(TestData.Client), default)).Events!.GetAsyncEnumerator(
            ending.Token
        );
}
