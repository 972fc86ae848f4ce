using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis.Checks;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Checks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class BulkDispatcherTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Total = TimeSpan.FromMilliseconds(800);

    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly List<Call> calls = [];
    private readonly BulkDispatcher batches;

    public BulkDispatcherTests() =>
        batches = new BulkDispatcher(
            (plans, timeout, _) =>
            {
                var call = new Call(plans[0].Plan.Client, timeout);
                // Calls can be concurrent.
                lock (calls)
                {
                    calls.Add(call);
                }

                return call.Answer.Task;
            },
            Budget,
            Total,
            time
        );

    [Test]
    public async Task Take_ItsTurn_HasTheWholeTimeForTheStore()
    {
        var batch = TakeAsync();

        calls[0].Answer.SetResult([TestData.Decision(TestData.Policy())]);

        Assert.That(calls[0].Timeout, Is.EqualTo(Budget));
        Assert.That(await batch, Has.None.Null);
    }

    [Test]
    public async Task Take_WaitedWhileOthersWereAnswered_HasTheWholeTimeForTheStore()
    {
        var asked = await WaitBehindTwoAsync(TimeSpan.FromMilliseconds(300));

        calls[0].Answer.SetResult([TestData.Decision(TestData.Policy())]);
        await asked[0];
        await SentAsync(3);

        Assert.That(calls[2].Timeout, Is.EqualTo(Budget));
    }

    [Test]
    public async Task Take_WaitedWhileOthersWereNotAnswered_HasWhatIsLeftOfItsTime()
    {
        var asked = await WaitBehindTwoAsync(TimeSpan.FromMilliseconds(60));

        calls[0].Answer.SetException(new StoreUnavailableException("gone"));
        await SentAsync(3);

        Assert.That(calls[2].Timeout, Is.EqualTo(Budget - TimeSpan.FromMilliseconds(60)));
        Assert.That(await asked[0], Is.All.Null);
    }

    [Test]
    public async Task Take_WaitedForItsTurnNearlyAllItsTime_HasWhatIsLeftOfItAll()
    {
        var asked = await WaitBehindTwoAsync(TimeSpan.FromMilliseconds(770));

        calls[0].Answer.SetResult([TestData.Decision(TestData.Policy())]);
        await asked[0];
        await SentAsync(3);

        Assert.That(calls[2].Timeout, Is.EqualTo(TimeSpan.FromMilliseconds(30)));
    }

    [TestCase(750, 50)]
    [TestCase(300, 100)]
    public async Task Take_WaitedForTheStoreBefore_HasWhatIsLeftOfItAll(int waited, int left)
    {
        var batch = TakeAsync(waited: TimeSpan.FromMilliseconds(waited));
        calls[0].Answer.SetResult([null]);
        await batch;

        Assert.That(calls[0].Timeout, Is.EqualTo(TimeSpan.FromMilliseconds(left)));
    }

    [Test]
    public async Task Take_WaitedForTheStoreTooLongBefore_IsNotSent()
    {
        Assert.That(await TakeAsync(waited: Total), Is.All.Null);
        Assert.That(calls, Is.Empty);
    }

    [Test]
    public async Task Take_OneOfTheOthersHadNoAnswer_HasWhatIsLeftOfItsTime()
    {
        await WaitBehindTwoAsync(TimeSpan.FromMilliseconds(60));

        calls[0].Answer.SetResult([null]);
        await SentAsync(3);

        Assert.That(calls[2].Timeout, Is.EqualTo(Budget - TimeSpan.FromMilliseconds(60)));
    }

    [Test]
    public async Task Take_WaitedAllItsTimeWhileOthersWereNotAnswered_IsNotSent()
    {
        var asked = await WaitBehindTwoAsync(Budget);

        calls[0].Answer.SetException(new StoreUnavailableException("gone"));

        Assert.That(await asked[2], Is.All.Null);
        Assert.That(calls, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Take_SeveralCalls_AreSentOneAfterTheOther()
    {
        var batch = TakeAsync(calls: 3);
        for (var i = 0; i < 3; i++)
        {
            await SentAsync(i + 1);
            Assert.That(calls, Has.Count.EqualTo(i + 1), "One before the last was answered.");
            calls[i].Answer.SetResult([TestData.Decision(TestData.Policy())]);
        }

        Assert.That(await batch, Has.Length.EqualTo(3).And.None.Null);
    }

    [Test]
    public async Task Take_SeveralCalls_WaitNoLongerThanOneWhenThereIsNoAnswer()
    {
        var batch = TakeAsync(calls: 3);
        time.Advance(Budget);
        calls[0].Answer.SetException(new StoreUnavailableException("gone"));

        Assert.That(await batch, Has.Length.EqualTo(3).And.All.Null);
        Assert.That(calls, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Take_SeveralCalls_WaitNoLongerThanOneAltogether()
    {
        var batch = TakeAsync(calls: 2);
        time.Advance(Total - TimeSpan.FromMilliseconds(30));
        calls[0].Answer.SetResult([TestData.Decision(TestData.Policy())]);
        await SentAsync(2);

        Assert.That(calls[1].Timeout, Is.EqualTo(TimeSpan.FromMilliseconds(30)));
        calls[1].Answer.SetResult([null]);
        await batch;
    }

    [Test]
    public async Task Take_AnotherTenantHasMuchWaiting_IsNextButOne()
    {
        for (var i = 0; i < 1000; i++)
        {
            _ = TakeAsync();
        }

        var other = ClientId.New();
        _ = TakeAsync(other);
        for (var i = 0; i < 2; i++)
        {
            calls[i].Answer.SetResult([TestData.Decision(TestData.Policy())]);
        }

        await SentAsync(4);
        Assert.That(calls.Select(call => call.Client), Has.Exactly(1).EqualTo(other));
        Assert.That(calls, Has.Count.EqualTo(4), "Two at once.");
    }

    [Test]
    public async Task Take_ItsTurnDoesNotCome_HasNoAnswerAndIsNotSent()
    {
        var asked = await WaitBehindTwoAsync(Total);

        Assert.That(await asked[2], Is.All.Null);
        calls[0].Answer.SetResult([TestData.Decision(TestData.Policy())]);
        calls[1].Answer.SetResult([TestData.Decision(TestData.Policy())]);
        await Task.WhenAll(asked);
        Assert.That(calls, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Take_GoneBeforeItsTurn_LeavesItToTheNext()
    {
        using var gone = new CancellationTokenSource();
        await WaitBehindTwoAsync(TimeSpan.Zero);
        var leaving = TakeAsync(cancellationToken: gone.Token);
        _ = TakeAsync();

        await gone.CancelAsync();
        Assert.That(() => leaving, Throws.InstanceOf<OperationCanceledException>());
        calls[0].Answer.SetResult([TestData.Decision(TestData.Policy())]);
        calls[1].Answer.SetResult([TestData.Decision(TestData.Policy())]);

        await SentAsync(4);
    }

    /// <summary>Three batches, the last of which waits for the given time behind the calls of the others.</summary>
    private async Task<Task<Decision?[]>[]> WaitBehindTwoAsync(TimeSpan wait)
    {
        Task<Decision?[]>[] asked = [TakeAsync(), TakeAsync(), TakeAsync()];
        await SentAsync(2);
        time.Advance(wait);
        return asked;
    }

    private async Task<Decision?[]> TakeAsync(
        ClientId? client = null,
        TimeSpan waited = default,
        int calls = 1,
        CancellationToken cancellationToken = default
    )
    {
        var plan = new KeyedPlan(
            new CheckPlan(
                new Subject(client ?? TestData.Client, "alice", null),
                TestData.Policy(),
                1
            )
            {
                Waited = waited,
            }
        );
        List<Decision?> decisions = [];
        await foreach (
            var call in batches.DispatchAsync(
                Enumerable.Repeat((new[] { plan }, CheckWork.MaxPerCall), calls),
                cancellationToken
            )
        )
        {
            decisions.AddRange(call);
        }

        return [.. decisions];
    }

    private async Task SentAsync(int count)
    {
        var isSent = false;
        while (!isSent)
        {
            await Task.Yield();
            lock (calls)
            {
                isSent = calls.Count >= count;
            }
        }
    }

    private sealed record Call(ClientId Client, TimeSpan Timeout)
    {
        public TaskCompletionSource<Decision?[]> Answer { get; } = new();
    }
}
