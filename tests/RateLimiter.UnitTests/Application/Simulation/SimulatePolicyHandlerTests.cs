using Microsoft.Extensions.Time.Testing;
using Moq;
using RateLimiter.Application.Logs;
using RateLimiter.Application.Simulation;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Simulation;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SimulatePolicyHandlerTests
{
    private readonly List<LogEntry> decisions = [];
    private readonly List<LogEntry> changes = [];

    [Test]
    public async Task Handle_SeveralInstancesAndLogs_ReplaysInTheOrderOfTimes()
    {
        Decide(at: 3, cost: 10);
        Decide(at: 1, cost: 10);
        Change(LogEntryKind.Refund, at: 2, cost: 10);

        var simulation = await SimulateAsync();

        Assert.That(simulation.Proposed, Is.EqualTo(new Verdicts(2, 0)));
    }

    [Test]
    public async Task Handle_CheckWithAMinimum_TakesWhatIsLeft()
    {
        Decide(at: 1, cost: 7);
        Decide(at: 2, cost: 7, minCost: 2);
        Decide(at: 3, cost: 1);

        Assert.That((await SimulateAsync()).Proposed, Is.EqualTo(new Verdicts(2, 1)));
    }

    [TestCase("b", 1)]
    [TestCase("a", 2)]
    [TestCase(null, 2)]
    public async Task Handle_ResetOfALimit_EmptiesItAlone(string? limit, int allowed)
    {
        Decide(at: 1, cost: 10);
        Change(LogEntryKind.Reset, at: 2, cost: 0, reset: limit);
        Decide(at: 3, cost: 10);

        var simulation = await SimulateAsync(TestData.Limit("a"), TestData.Limit("b", 100));

        Assert.That(simulation.Proposed.Allowed, Is.EqualTo(allowed));
    }

    [TestCase(null, 59, 1)]
    [TestCase(null, 60, 2)]
    [TestCase(ExpiryAction.Release, 60, 2)]
    [TestCase(ExpiryAction.Charge, 60, 1)]
    public async Task Handle_ReservationThatNobodySettled_IsGivenBackAsItsTermsSay(
        ExpiryAction? onExpiry,
        int later,
        int allowed
    )
    {
        Reserve(at: 0, cost: 10, onExpiry);
        Decide(at: later, cost: 10);

        var simulation = await SimulateAsync(TestData.Limit(windowSeconds: 3600));

        Assert.That(simulation.Proposed.Allowed, Is.EqualTo(allowed));
    }

    [Test]
    public async Task Handle_ReservationThatWasExtended_IsHeldUntilItIsSettled()
    {
        Reserve(at: 0, cost: 10);
        Decide(at: 100, cost: 1);
        Change(LogEntryKind.Commit, at: 200, cost: 4, released: 6);
        Decide(at: 201, cost: 7);
        Decide(at: 202, cost: 6);

        var simulation = await SimulateAsync(TestData.Limit(windowSeconds: 3600));

        Assert.That(simulation.Proposed, Is.EqualTo(new Verdicts(2, 2)));
    }

    [Test]
    public async Task Handle_LateCommit_IsChargedAgain()
    {
        Reserve(at: 0, cost: 10);
        Decide(at: 61, cost: 5);
        changes.Add(Entry(62, 8) with { Kind = LogEntryKind.Commit, IsLate = true });
        Change(LogEntryKind.Refund, at: 63, cost: 4);
        Decide(at: 64, cost: 2);
        Decide(at: 65, cost: 1);

        var simulation = await SimulateAsync(TestData.Limit(windowSeconds: 3600));

        Assert.That(simulation.Proposed, Is.EqualTo(new Verdicts(3, 1)));
    }

    [Test]
    public async Task Handle_MissingSubject_IsDenied()
    {
        Decide(at: 1, cost: 1);

        var simulation = await SimulateAsync(TestData.Limit(per: ["org"]));

        Assert.That(simulation.Proposed, Is.EqualTo(new Verdicts(0, 1)));
    }

    [Test]
    public async Task Handle_BothLogs_AreCoveredFromTheLaterOn()
    {
        Decide(at: 1, cost: 1);

        var simulation = await SimulateAsync();

        Assert.That(simulation.CoveredFrom, Is.EqualTo(TestData.Moment.AddHours(-1)));
    }

    [TestCase(1)]
    [TestCase(98)]
    [TestCase(99)]
    [TestCase(1000)]
    [TestCase(86_400)]
    [TestCase(40_000_000)]
    public async Task Handle_AnySpan_HasAtMost100BucketsOfAllDecisions(int seconds)
    {
        for (var i = 0; i <= 10; i++)
        {
            Decide(at: (int)((long)seconds * i / 10), cost: 1);
        }

        var buckets = (await SimulateAsync()).Buckets;

        Assert.That(buckets, Has.Count.InRange(Math.Min(seconds, 20), 100));
        Assert.That(buckets.Sum(it => it.Current.Allowed), Is.EqualTo(11));
        Assert.That(buckets[0].From, Is.LessThanOrEqualTo(TestData.Moment));
        Assert.That(
            buckets.Zip(buckets.Skip(1), (one, next) => next.From - one.From).Distinct().Count(),
            Is.LessThanOrEqualTo(1)
        );
    }

    [Test]
    public async Task Handle_ManyUsers_ListsTheTenWhoAreDeniedMost()
    {
        for (var user = 0; user < 20; user++)
        {
            for (var i = 0; i < user; i++)
            {
                decisions.Add(Entry(1, 10) with { UserId = $"{user}" });
            }
        }

        var top = (await SimulateAsync()).Top;

        Assert.That(
            top,
            Is.EqualTo(
                Enumerable
                    .Range(10, 10)
                    .Reverse()
                    .Select(user => new UserSimulation($"{user}", user - 1, user))
            )
        );
    }

    private static LogEntry Entry(int at, long cost) =>
        TestData.LoggedOf("alice") with
        {
            DecidedAt = TestData.Moment.AddSeconds(at),
            Cost = cost,
            ReservationId = "12345678",
        };

    private void Decide(int at, long cost, long? minCost = null) =>
        decisions.Add(Entry(at, cost) with { ReservationId = null, MinCost = minCost });

    private void Reserve(int at, long cost, ExpiryAction? onExpiry = null) =>
        decisions.Add(
            Entry(at, cost) with
            {
                Terms = new ReservationTerms(TimeSpan.FromMinutes(1), Slots: 1, onExpiry),
            }
        );

    private void Change(
        LogEntryKind kind,
        int at,
        long cost,
        string? reset = null,
        long? released = null
    ) => changes.Add(Entry(at, cost) with { Kind = kind, ResetLimit = reset, Released = released });

    private Task<PolicySimulation> SimulateAsync(params Limit[] limits)
    {
        var log = new Mock<IDecisionLog>(MockBehavior.Strict);
        SetUp(ClientLog.Decisions, new KeptEntries(decisions, TestData.Moment.AddHours(-2)));
        SetUp(ClientLog.Changes, new KeptEntries(changes, TestData.Moment.AddHours(-1)));
        return new SimulatePolicyHandler(log.Object, new FakeTimeProvider(TestData.Moment)).Handle(
            new SimulatePolicyQuery(
                TestData.Snapshot(TestData.Client),
                TestData.Definition(limits: limits)
            ),
            CancellationToken.None
        );

        void SetUp(ClientLog which, KeptEntries kept) =>
            log.Setup(it => it.ReadAllAsync(TestData.Client, which, It.IsAny<CancellationToken>()))
                .ReturnsAsync(kept);
    }
}
