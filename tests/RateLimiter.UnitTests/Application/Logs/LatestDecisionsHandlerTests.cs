using Moq;
using RateLimiter.Application.Logs;
using RateLimiter.Domain.Checks;

namespace RateLimiter.UnitTests.Application.Logs;

public sealed class LatestDecisionsHandlerTests
{
    private static readonly LoggedDecision[] Log =
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

    private static async Task<IReadOnlyList<LoggedDecision>> ReadAsync(
        int count,
        string? user = null,
        string? route = null,
        bool? allowed = null
    )
    {
        var log = new Mock<IDecisionLog>(MockBehavior.Strict);
        log.Setup(it => it.ReadAsync(TestData.Client, It.IsAny<CancellationToken>()))
            .ReturnsAsync(Log);
        return await new LatestDecisionsHandler(log.Object).Handle(
            new LatestDecisionsQuery(TestData.Client, count, user, route, allowed),
            CancellationToken.None
        );
    }

    private static LoggedDecision Line(string user, string route, bool allowed) =>
        TestData.Logged(
            TestData.Decision(TestData.Policy(), TestData.Status(wait: allowed ? 0 : 1)),
            user,
            route
        );
}
