using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Infrastructure.Redis;

namespace RateLimiter.UnitTests.Infrastructure.Redis;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CheckGathererTests : IDisposable
{
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(100);

    private readonly FakeTimeProvider time = new(A.Moment);
    private readonly List<Call> calls = [];
    private readonly CheckGatherer gatherer;

    public CheckGathererTests() =>
        gatherer = new CheckGatherer(
            requests =>
            {
                var call = new Call(requests);
                calls.Add(call);
                return call.Answer.Task;
            },
            Budget,
            time
        );

    public void Dispose() => gatherer.Dispose();

    [Test]
    public void Decide_ALoneCheck_GoesOutAtOnce()
    {
        _ = gatherer.DecideAsync(Request(1));

        Assert.That(Costs(), Is.EqualTo(new[] { "1" }));
    }

    [Test]
    public async Task Decide_MoreThanTheCallsUnderWay_GoTogetherWhenOneEnds()
    {
        var checks = Ask(1, 2, 3, 4, 5);
        Assert.That(Costs(), Is.EqualTo(new[] { "1", "2" }));

        calls[0].AnswerAll();
        calls[2].AnswerAll();
        calls[1].AnswerAll();

        Assert.That(Costs(), Is.EqualTo(new[] { "1", "2", "3 4 5" }));
        Assert.That(
            (await Task.WhenAll(checks)).Select(decision => decision!.Remaining),
            Is.EqualTo(new[] { 1, 2, 3, 4, 5 })
        );
    }

    [Test]
    public void Decide_MoreThanOneCallHolds_GoInTheirOrder()
    {
        Ask([.. Enumerable.Range(1, 2 + CheckGatherer.MaxChecksPerCall + 1)]);

        calls[0].AnswerAll();
        calls[1].AnswerAll();

        Assert.That(
            calls.Select(call => call.Requests.Length),
            Is.EqualTo(new[] { 1, 1, CheckGatherer.MaxChecksPerCall, 1 })
        );
        Assert.That(
            calls.SelectMany(call => call.Requests).Select(request => request.Cost),
            Is.Ordered
        );
    }

    [Test]
    public async Task Decide_ACallFails_HasNoAnswerForEachOfIt()
    {
        var checks = Ask(1, 2, 3, 4);
        calls[0].AnswerAll();

        calls[2].Answer.SetException(new StoreUnavailableException("gone"));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(checks[0].IsCompletedSuccessfully);
            Assert.That(checks[1].IsCompleted, Is.False);
            Assert.That(await checks[2], Is.Null);
            Assert.That(await checks[3], Is.Null);
        }
    }

    [Test]
    public async Task Decide_OneCounterIsBroken_HasNoAnswerForThatOneAlone()
    {
        var checks = Ask(1, 2, 3, 4);
        calls[0].AnswerAll();

        calls[2].Answer.SetResult([null, A.Decision(A.Policy())]);

        Assert.That(await checks[2], Is.Null);
        Assert.That(checks[3].IsCompletedSuccessfully);
    }

    [Test]
    public async Task Decide_TheStoreDoesNotAnswer_EndsInTimeWhereverItWaits()
    {
        var checks = Ask(1, 2, 3);

        time.Advance(Budget - TimeSpan.FromMilliseconds(1));
        Assert.That(checks.Any(check => check.IsCompleted), Is.False);
        time.Advance(TimeSpan.FromMilliseconds(20));

        Assert.That(checks.All(check => check.IsCompleted));
        Assert.That(await Task.WhenAll(checks), Is.All.Null);
    }

    [Test]
    public async Task Decide_EachHasItsOwnTime_EndsWhenThatIsOver()
    {
        var first = Ask(1, 2, 3);
        time.Advance(TimeSpan.FromMilliseconds(60));
        var second = Ask(4);

        time.Advance(TimeSpan.FromMilliseconds(60));

        Assert.That(first.All(check => check.IsCompleted));
        Assert.That(second[0].IsCompleted, Is.False);
        time.Advance(TimeSpan.FromMilliseconds(60));
        Assert.That(await second[0], Is.Null);
    }

    [Test]
    public async Task Decide_WaitedForTheStoreBefore_HasWhatIsLeftBehindOthersToo()
    {
        var others = Ask(1, 2, 3);
        var check = gatherer.DecideAsync(
            Request(4) with
            {
                Waited = TimeSpan.FromMilliseconds(60),
            }
        );

        time.Advance(TimeSpan.FromMilliseconds(30));
        Assert.That(check.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromMilliseconds(20));

        Assert.That(check.IsCompleted);
        Assert.That(await check, Is.Null);
        Assert.That(others.Any(it => it.IsCompleted), Is.False);
    }

    [Test]
    public void Decide_ItsTimeWasOverBeforeItWasSent_IsNeverSent()
    {
        Ask(1, 2, 3);
        time.Advance(TimeSpan.FromMilliseconds(60));
        Ask(4);
        time.Advance(TimeSpan.FromMilliseconds(60));

        calls[0].AnswerAll();

        Assert.That(Costs(), Is.EqualTo(new[] { "1", "2", "4" }));
    }

    [Test]
    public void Decide_TooManyWait_RefusesAtOnce()
    {
        Ask([.. Enumerable.Range(1, CheckGatherer.MaxCalls + CheckGatherer.MaxWaiting)]);

        Assert.That(
            () => gatherer.DecideAsync(Request(1)),
            Throws.TypeOf<StoreUnavailableException>()
        );
    }

    private static PermitRequest Request(long cost) =>
        new(new Subject(A.Client, "alice", null), A.Policy(), cost);

    private Task<Decision?>[] Ask(params int[] costs) =>
        [.. costs.Select(cost => gatherer.DecideAsync(Request(cost)))];

    private IEnumerable<string> Costs() =>
        calls.Select(call => string.Join(' ', call.Requests.Select(request => request.Cost)));

    private sealed record Call(PermitRequest[] Requests)
    {
        public TaskCompletionSource<Decision?[]> Answer { get; } = new();

        /// <summary>With a decision for each, to be told by its cost.</summary>
        public void AnswerAll() =>
            Answer.SetResult([
                .. Requests.Select(request =>
                    A.Decision(request.Policy, A.Status(remaining: request.Cost))
                ),
            ]);
    }
}
