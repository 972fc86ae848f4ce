using Moq;
using RateLimiter.Application.Logs;
using RateLimiter.Domain.Checks;

namespace RateLimiter.UnitTests.Application.Logs;

public sealed class LatestDecisionsHandlerTests
{
    private static readonly LogEntry[] Log =
    [
        Line("alice", "search", allowed: false),
        Line("bob", "search", allowed: true),
        Line("alice", "upload", allowed: true),
        Line("alice", "search", allowed: true),
    ];

    [TestCase(null, null, null, new[] { 0, 1, 2, 3 })]
    [TestCase("alice", null, null, new[] { 0, 2, 3 })]
    [TestCase("Alice", null, null, new int[0])]
    [TestCase(null, "search", null, new[] { 0, 1, 3 })]
    [TestCase(null, "Search", null, new int[0])]
    [TestCase(null, null, true, new[] { 1, 2, 3 })]
    [TestCase(null, null, false, new[] { 0 })]
    [TestCase("alice", "search", null, new[] { 0, 3 })]
    [TestCase("alice", "search", true, new[] { 3 })]
    [TestCase("bob", "search", false, new int[0])]
    public async Task Handle_Filters_KeepsWhatFitsAllInOrder(
        string? user,
        string? route,
        bool? allowed,
        int[] expected
    ) =>
        Assert.That(
            await ReadAsync(count: 50, user, route, allowed),
            Is.EqualTo(expected.Select(line => Log[line]))
        );

    [TestCase(1, new[] { 0 })]
    [TestCase(3, new[] { 0, 1, 2 })]
    [TestCase(4, new[] { 0, 1, 2, 3 })]
    [TestCase(1000, new[] { 0, 1, 2, 3 })]
    public async Task Handle_Count_KeepsTheNewest(int count, int[] expected) =>
        Assert.That(await ReadAsync(count), Is.EqualTo(expected.Select(line => Log[line])));

    [Test]
    public async Task Handle_CountAndFilter_CountsWhatFits() =>
        Assert.That(await ReadAsync(count: 1, route: "upload"), Is.EqualTo(new[] { Log[2] }));

    [Test]
    public async Task Handle_Subjects_KeepsWhatHasThem()
    {
        var subjects = TestData.Subjects(("org", "acme"));
        var log = new Mock<IDecisionLog>();
        log.Setup(it =>
                it.ReadAsync(TestData.Client, ClientLog.Decisions, It.IsAny<CancellationToken>())
            )
            .Returns(
                AsyncEnumerable.ToAsyncEnumerable([Log[0], Log[1] with { Subjects = subjects }])
            );

        var entries = await new LatestDecisionsHandler(log.Object).Handle(
            new LatestDecisionsQuery(TestData.Client, 50, Subjects: subjects),
            CancellationToken.None
        );

        Assert.That(entries.Single().UserId, Is.EqualTo("bob"));
    }

    [TestCase(10, null, null, new[] { "d0", "c1", "d2", "c3" })]
    [TestCase(2, null, null, new[] { "d0", "c1" })]
    [TestCase(10, "c1", null, new[] { "c1" })]
    [TestCase(10, null, true, new[] { "d0", "d2" })]
    public async Task Handle_WithChanges_GivesBothInTheOrderOfTheirTimes(
        int count,
        string? user,
        bool? allowed,
        string[] expected
    )
    {
        var log = new Mock<IDecisionLog>(MockBehavior.Strict);
        SetUp(ClientLog.Decisions, [At(0, "d0"), At(2, "d2")]);
        SetUp(
            ClientLog.Changes,
            [
                At(1, "c1") with
                {
                    Kind = LogEntryKind.Refund,
                },
                At(3, "c3") with
                {
                    Kind = LogEntryKind.Reset,
                },
            ]
        );

        var entries = await new LatestDecisionsHandler(log.Object).Handle(
            new LatestDecisionsQuery(
                TestData.Client,
                count,
                user,
                Allowed: allowed,
                WithChanges: true
            ),
            CancellationToken.None
        );

        Assert.That(entries.Select(entry => entry.UserId), Is.EqualTo(expected));

        void SetUp(ClientLog which, LogEntry[] kept) =>
            log.Setup(it => it.ReadAsync(TestData.Client, which, It.IsAny<CancellationToken>()))
                .Returns(kept.ToAsyncEnumerable());

        static LogEntry At(int secondsAgo, string user) =>
            TestData.LoggedOf(user) with
            {
                DecidedAt = TestData.Moment - TimeSpan.FromSeconds(secondsAgo),
            };
    }

    private static async Task<IReadOnlyList<LogEntry>> ReadAsync(
        int count,
        string? user = null,
        string? route = null,
        bool? allowed = null
    )
    {
        var log = new Mock<IDecisionLog>(MockBehavior.Strict);
        log.Setup(it =>
                it.ReadAsync(TestData.Client, ClientLog.Decisions, It.IsAny<CancellationToken>())
            )
            .Returns(Log.ToAsyncEnumerable());
        return await new LatestDecisionsHandler(log.Object).Handle(
            new LatestDecisionsQuery(TestData.Client, count, user, route, allowed),
            CancellationToken.None
        );
    }

    private static LogEntry Line(string user, string route, bool allowed) =>
        TestData.Logged(
            TestData.Decision(TestData.Policy(), TestData.Status(wait: allowed ? 0 : 1)),
            user,
            route
        );
}
