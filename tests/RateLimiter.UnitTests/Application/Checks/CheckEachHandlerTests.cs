using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application.Analytics;
using RateLimiter.Application.Checks;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Quotas;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Checks;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CheckEachHandlerTests
{
    private static readonly Policy Search = TestData.Policy("search");
    private static readonly Policy Off = TestData.Policy("off", isActive: false);
    private static readonly Policy Rest = TestData.Policy("*", "free");

    private readonly Mock<IDecisionLog> log = new();
    private readonly Mock<IAnalytics> analytics = new();
    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly List<(PolicyKey Policy, LogEntry Line, TimeSpan Took)> counted = [];
    private readonly List<CheckPlan> asked = [];
    private readonly List<LogEntry> logged = [];
    private readonly CheckQuota quota = TestData.CheckQuota(checksPerSecond: 3000);

    [Test]
    public async Task Handle_NoChecks_HasNoOutcomes()
    {
        Assert.That(await CheckAsync([]), Is.Empty);
        Assert.That(logged, Is.Empty);
    }

    [Test]
    public async Task Handle_ChecksOfAllKinds_HasTheirOutcomesInTheirOrder()
    {
        var (first, second) = (
            TestData.Decision(Search),
            TestData.Decision(Search, TestData.Status(wait: 1))
        );

        var outcomes = await CheckAsync(
            [
                Check("off"),
                Check("search"),
                Check("unknown"),
                Check("search", "bob"),
                Check("search", "carol"),
            ],
            first,
            null,
            second
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(outcomes, Has.Count.EqualTo(5));
            Assert.That(outcomes[0]!.Reason, Is.EqualTo(Decision.PolicyInactive));
            Assert.That(outcomes[0]!.DecidedAt, Is.EqualTo(TestData.Moment));
            Assert.That(outcomes[1], Is.SameAs(first));
            Assert.That(outcomes[2], Is.Null);
            Assert.That(outcomes[3]!.Degraded);
            Assert.That(outcomes[3]!.Reason, Is.EqualTo(Decision.StoreDoesNotAnswer));
            Assert.That(outcomes[4], Is.SameAs(second));
        }
    }

    [Test]
    public async Task Handle_ChecksOfAllKinds_AsksTheStoreForTheActivePoliciesOnly()
    {
        await CheckAsync(
            [Check("search", cost: 3), Check("off"), Check("unknown"), Check("new", role: "free")],
            TestData.Decision(Search),
            TestData.Decision(Rest)
        );

        Assert.That(
            asked,
            Is.EqualTo(
                new[]
                {
                    new CheckPlan(new Subject(TestData.Client, "alice", null), Search, 3),
                    new CheckPlan(new Subject(TestData.Client, "alice", "new"), Rest, 1),
                }
            )
        );
    }

    [Test]
    public async Task Handle_SameCheckTwice_AsksTwice()
    {
        await CheckAsync(
            [Check("search"), Check("search")],
            TestData.Decision(Search),
            TestData.Decision(Search)
        );

        Assert.That(asked, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Handle_ChecksOfAllKinds_LogsInOrderWhatWasDecided()
    {
        var denied = TestData.Decision(Search, TestData.Status(wait: 1, remaining: 0));

        var outcomes = await CheckAsync(
            [Check("unknown"), Check("search", "bob"), Check("off"), Check("search", cost: 7)],
            null,
            denied
        );

        Assert.That(
            logged,
            Is.EqualTo(
                new[]
                {
                    TestData.Logged(outcomes[1]!, user: "bob"),
                    TestData.Logged(outcomes[2]!, route: "off"),
                    TestData.Logged(denied, cost: 7),
                }
            )
        );
    }

    [Test]
    public async Task Handle_ChecksOfAllKinds_CountsEachDecisionWithTheTimeOfAll()
    {
        await CheckAsync(
            [Check("unknown"), Check("new", role: "free"), Check("off")],
            TestData.Decision(Rest)
        );

        var took = TimeSpan.FromMilliseconds(7);
        Assert.That(
            counted,
            Is.EqualTo(new[] { (Rest.Key, logged[0], took), (Off.Key, logged[1], took) })
        );
    }

    [Test]
    public async Task Handle_MoreChecksThanTheClientMayMake_AsksNothingAndLeavesNoTrace()
    {
        quota.Acquire(TestData.Client, 2999);

        Assert.That(await CheckAsync([Check("search"), Check("search")]), Is.Empty);
        Assert.That(asked, Is.Empty);
        Assert.That(logged, Is.Empty);
    }

    private async Task<IReadOnlyList<Decision?>> CheckAsync(
        Check[] checks,
        params Decision?[] decisions
    )
    {
        var counters = new Mock<ICounterStore>(MockBehavior.Strict);
        counters
            .Setup(it =>
                it.AcquireEachAsync(
                    It.IsAny<IReadOnlyList<CheckPlan>>(),
                    It.IsAny<CancellationToken>()
                )
            )
            .Callback(
                (IReadOnlyList<CheckPlan> requests, CancellationToken _) =>
                {
                    asked.AddRange(requests);
                    time.Advance(TimeSpan.FromMilliseconds(7));
                }
            )
            .ReturnsAsync(decisions);
        log.Setup(it => it.Record(TestData.Client, It.IsAny<LogEntry>()))
            .Callback((ClientId _, LogEntry line) => logged.Add(line));
        analytics
            .Setup(it =>
                it.Record(
                    TestData.Client,
                    It.IsAny<Policy>(),
                    It.IsAny<LogEntry>(),
                    It.IsAny<TimeSpan>()
                )
            )
            .Callback(
                (ClientId _, Policy policy, LogEntry line, TimeSpan took) =>
                    counted.Add((policy.Key, line, took))
            );
        var outcome = await new CheckEachHandler(
            counters.Object,
            TestData.Fallback(),
            quota,
            TestData.Keys(),
            new DecisionRecorder(log.Object, analytics.Object, TestData.DecisionMetrics()),
            time
        ).Handle(
            new CheckEachCommand(
                TestData.Snapshot(TestData.Client, policies: [Search, Off, Rest]),
                checks
            ),
            CancellationToken.None
        );
        Assert.That(outcome.RetryAfter is null, Is.EqualTo(outcome.Result is not null));
        return [.. (outcome.Result ?? []).Select(it => it.Decision)];
    }

    private static Check Check(
        string route,
        string user = "alice",
        string role = "default",
        long cost = 1
    ) => new(user, route, role, cost);
}
