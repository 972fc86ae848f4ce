using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Checks;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Checks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CheckBatcherTests : IDisposable
{
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(100);

    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly List<Call> calls = [];
    private readonly CheckBatcher batcher;

    public CheckBatcherTests() =>
        batcher = new CheckBatcher(
            plans =>
            {
                var call = new Call(plans);
                calls.Add(call);
                return call.Answer.Task;
            },
            Budget,
            time
        );

    public void Dispose() => batcher.Dispose();

    [Test]
    public void Decide_ALoneCheck_GoesOutAtOnce()
    {
        _ = batcher.DecideAsync(Request(1));

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
        Ask([.. Enumerable.Range(1, 2 + CheckWork.MaxPerCall + 1)]);

        calls[0].AnswerAll();
        calls[1].AnswerAll();

        Assert.That(
            calls.Select(call => call.Plans.Length),
            Is.EqualTo(new[] { 1, 1, CheckWork.MaxPerCall, 1 })
        );
        Assert.That(
            calls.SelectMany(call => call.Plans).Select(keyed => keyed.Plan.Cost),
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

        calls[2].Answer.SetResult([null, TestData.Decision(TestData.Policy())]);

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
    public async Task Decide_SeveralTenantsWait_EachEndsInTime()
    {
        var checks = Ask(1, 2, 3).ToList();
        time.Advance(TimeSpan.FromMilliseconds(60));
        checks.Add(batcher.DecideAsync(Request(4, ClientId.New())));
        checks.Add(batcher.DecideAsync(Request(5)));

        time.Advance(TimeSpan.FromMilliseconds(60));
        Assert.That(
            checks.Select(check => check.IsCompleted),
            Is.EqualTo(new[] { true, true, true, false, false })
        );
        time.Advance(TimeSpan.FromMilliseconds(60));

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
        var check = batcher.DecideAsync(Request(4, waited: TimeSpan.FromMilliseconds(60)));

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
        Ask([.. Enumerable.Range(1, CheckBatcher.MaxCalls + CheckBatcher.MaxWaiting)]);

        Assert.That(
            () => batcher.DecideAsync(Request(1)),
            Throws.TypeOf<StoreUnavailableException>()
        );
    }

    [Test]
    public void Decide_ChecksOfMuchWork_GoInSeveralCalls()
    {
        var work = CheckWork.Of(Heavy.Limits);
        Ask(1, 2);
        for (var i = 0; i < 5; i++)
        {
            _ = batcher.DecideAsync(Request(3, policy: Heavy));
        }

        calls[0].AnswerAll();

        Assert.That(calls[2].Plans, Has.Length.EqualTo(CheckWork.MaxPerCall / work));
    }

    [Test]
    public void Decide_AnotherTenantHasMuchWaiting_IsInTheNextCall()
    {
        Ask(1, 2);
        for (var i = 0; i < 1000; i++)
        {
            _ = batcher.DecideAsync(Request(3, policy: Heavy));
        }

        _ = batcher.DecideAsync(Request(4, ClientId.New()));
        calls[0].AnswerAll();

        Assert.That(calls[2].Plans.Select(keyed => keyed.Plan.Cost), Has.Member(4));
    }

    [Test]
    public void Decide_AnotherTenantFillsTheQueue_IsNotRefused()
    {
        Ask([.. Enumerable.Range(1, CheckBatcher.MaxCalls + CheckBatcher.MaxWaiting)]);

        _ = batcher.DecideAsync(Request(1, ClientId.New()));

        Assert.That(batcher.Waiting, Is.EqualTo(CheckBatcher.MaxWaiting + 1));
    }

    private static readonly Policy Heavy = TestData.Policy(
        limits:
        [
            .. Enumerable
                .Range(0, PolicyDefinition.MaxLimits)
                .Select(i =>
                    TestData.Limit($"{i}", Limit.MaxLoggedPermits, algorithm: Algorithm.SlidingLog)
                ),
        ]
    );

    private static KeyedPlan Request(
        long cost,
        ClientId? client = null,
        Policy? policy = null,
        TimeSpan waited = default
    ) =>
        new KeyedPlan(
            new CheckPlan(
                new Subject(client ?? TestData.Client, "alice", null),
                policy ?? TestData.Policy(),
                cost
            )
            {
                Waited = waited,
            }
        );

    private Task<Decision?>[] Ask(params int[] costs) =>
        [.. costs.Select(cost => batcher.DecideAsync(Request(cost)))];

    private IEnumerable<string> Costs() =>
        calls.Select(call => string.Join(' ', call.Plans.Select(keyed => keyed.Plan.Cost)));

    private sealed record Call(KeyedPlan[] Plans)
    {
        public TaskCompletionSource<Decision?[]> Answer { get; } = new();

        /// <summary>Returns a decision for each plan, identifiable by its cost.</summary>
        public void AnswerAll() =>
            Answer.SetResult([
                .. Plans.Select(keyed =>
                    TestData.Decision(
                        keyed.Plan.Policy,
                        TestData.Status(remaining: keyed.Plan.Cost)
                    )
                ),
            ]);
    }
}
