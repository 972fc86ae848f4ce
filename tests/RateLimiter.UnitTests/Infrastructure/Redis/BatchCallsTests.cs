using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis;

namespace RateLimiter.UnitTests.Infrastructure.Redis;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class BatchCallsTests : IDisposable
{
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Total = TimeSpan.FromMilliseconds(800);

    private readonly FakeTimeProvider time = new(A.Moment);
    private readonly List<(TimeSpan Timeout, TaskCompletionSource<Decision?[]> Answer)> calls = [];
    private readonly BatchCalls batches;

    public BatchCallsTests() =>
        batches = new BatchCalls(
            (_, timeout, _) =>
            {
                var answer = new TaskCompletionSource<Decision?[]>();
                calls.Add((timeout, answer));
                return answer.Task;
            },
            Budget,
            Total,
            time
        );

    public void Dispose() => batches.Dispose();

    [Test]
    public async Task Take_ItsTurn_HasTheWholeTimeForTheStore()
    {
        var batch = TakeAsync();

        calls[0].Answer.SetResult([A.Decision(A.Policy())]);

        Assert.That(calls[0].Timeout, Is.EqualTo(Budget));
        Assert.That(await batch, Has.None.Null);
    }

    [Test]
    public async Task Take_WaitedWhileOthersWereAnswered_HasTheWholeTimeForTheStore()
    {
        var asked = await WaitBehindTwoAsync(TimeSpan.FromMilliseconds(300));

        calls[0].Answer.SetResult([A.Decision(A.Policy())]);
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

        calls[0].Answer.SetResult([A.Decision(A.Policy())]);
        await asked[0];
        await SentAsync(3);

        Assert.That(calls[2].Timeout, Is.EqualTo(TimeSpan.FromMilliseconds(30)));
    }

    [TestCase(750, 50)]
    [TestCase(300, 100)]
    public async Task Take_WaitedForTheStoreBefore_HasWhatIsLeftOfItAll(int waited, int left)
    {
        var batch = TakeAsync(TimeSpan.FromMilliseconds(waited));
        calls[0].Answer.SetResult([null]);
        await batch;

        Assert.That(calls[0].Timeout, Is.EqualTo(TimeSpan.FromMilliseconds(left)));
    }

    [Test]
    public async Task Take_WaitedForTheStoreTooLongBefore_IsNotSent()
    {
        Assert.That(await TakeAsync(Total), Is.All.Null);
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

    /// <summary>Three batches, the last of which waits for so long behind the calls of the others.</summary>
    private async Task<Task<Decision?[]>[]> WaitBehindTwoAsync(TimeSpan wait)
    {
        Task<Decision?[]>[] asked = [TakeAsync(), TakeAsync(), TakeAsync()];
        await SentAsync(2);
        time.Advance(wait);
        return asked;
    }

    private Task<Decision?[]> TakeAsync(TimeSpan waited = default) =>
        batches.TakeAsync(
            [
                new PermitRequest(new Subject(A.Client, "alice", null), A.Policy(), 1)
                {
                    Waited = waited,
                },
            ],
            CancellationToken.None
        );

    private async Task SentAsync(int count)
    {
        while (calls.Count < count)
        {
            await Task.Yield();
        }
    }
}
