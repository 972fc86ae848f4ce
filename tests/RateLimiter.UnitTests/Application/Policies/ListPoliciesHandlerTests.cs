using Moq;
using RateLimiter.Application.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Application.Policies;

public sealed class ListPoliciesHandlerTests
{
    [Test]
    public async Task Handle_PoliciesInAnyOrder_ListsByRouteThenRoleByCodePoint()
    {
        string[] ordered =
        [
            "B/b",
            "a/B",
            "a/a",
            "a/\uffff",
            "a/😀",
            "a:/a",
            "é/a",
            "\uffff/a",
            "😀/a",
        ];

        Assert.That(await ListAsync([.. ordered.Reverse()]), Is.EqualTo(ordered));
    }

    [TestCase(null, null, new[] { "a/x", "a/y", "b/x" })]
    [TestCase("a", null, new[] { "a/x", "a/y" })]
    [TestCase(null, "x", new[] { "a/x", "b/x" })]
    [TestCase("a", "y", new[] { "a/y" })]
    [TestCase("b", "y", new string[0])]
    [TestCase("A", null, new string[0])]
    public async Task Handle_Filters_ListsWhatFitsAll(
        string? route,
        string? role,
        string[] expected
    ) => Assert.That(await ListAsync(["b/x", "a/y", "a/x"], route, role), Is.EqualTo(expected));

    private static async Task<IEnumerable<string>> ListAsync(
        string[] kept,
        string? route = null,
        string? role = null
    )
    {
        var policies = new Mock<IPolicyRepository>(MockBehavior.Strict);
        policies
            .Setup(it => it.ListAsync(TestData.Client, It.IsAny<CancellationToken>()))
            .ReturnsAsync(
                new PolicySet(5, [.. kept.Select(name => PolicyHead.Of(Parse(name))), Deleted])
            );

        var listed = await new ListPoliciesHandler(policies.Object).Handle(
            new ListPoliciesQuery(TestData.Client, route, role),
            CancellationToken.None
        );
        Assert.That(listed.Version, Is.EqualTo(5));
        return listed.Policies.Select(policy => $"{policy.Key.RouteKey}/{policy.Key.Role}");
    }

    private static PolicyHead Deleted => new(new PolicyKey("a", "deleted"), 2, null);

    private static Policy Parse(string name) =>
        TestData.Policy(name.Split('/')[0], name.Split('/')[1]);
}
