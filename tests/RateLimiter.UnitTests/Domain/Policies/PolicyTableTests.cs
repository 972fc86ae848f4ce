using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Domain.Policies;

public sealed class PolicyTableTests
{
    private static readonly Policy Free = TestData.Policy(role: "free");
    private static readonly Policy Default = TestData.Policy();
    private static readonly Policy Other = TestData.Policy(route: "other", role: "paid");
    private static readonly PolicyTable Table = new([Default, Free, Other]);

    [Test]
    public void Resolve_RoleWithAPolicy_IsThatPolicy() =>
        Assert.That(Table.Resolve("search", "free"), Is.SameAs(Free));

    [Test]
    public void Resolve_DefaultRole_IsTheDefaultPolicy() =>
        Assert.That(Table.Resolve("search", "default"), Is.SameAs(Default));

    [TestCase("paid")]
    [TestCase("Free")]
    [TestCase("free ")]
    public void Resolve_RoleWithoutAPolicy_IsTheDefaultPolicyOfTheRoute(string role) =>
        Assert.That(Table.Resolve("search", role), Is.SameAs(Default));

    [TestCase("unknown", "default")]
    [TestCase("unknown", "free")]
    [TestCase("Search", "free")]
    [TestCase("other", "free")]
    [TestCase("other", "default")]
    public void Resolve_NeitherRoleNorDefault_IsNull(string route, string role) =>
        Assert.That(Table.Resolve(route, role), Is.Null);

    [Test]
    public void Resolve_ComposedAndDecomposedNames_StayDifferent()
    {
        var (composed, decomposed) = (
            TestData.Policy(route: "é"),
            TestData.Policy(route: "e\u0301")
        );
        var table = new PolicyTable([composed, decomposed]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(table.Resolve("é", "default"), Is.SameAs(composed));
            Assert.That(table.Resolve("e\u0301", "default"), Is.SameAs(decomposed));
        }
    }

    // All four policies that can apply to the route "search" and the role "free", in their order of precedence.
    [Test]
    public void Resolve_CatchAll_ComesAfterTheRoutesOwnPolicies()
    {
        Policy[] order =
        [
            TestData.Policy("search", "free"),
            TestData.Policy("search", "default"),
            TestData.Policy("*", "free"),
            TestData.Policy("*", "default"),
        ];

        var applying = Enumerable
            .Range(0, order.Length + 1)
            .Select(gone => new PolicyTable(order.Skip(gone).Reverse()).Resolve("search", "free"));

        Assert.That(applying, Is.EqualTo(order.Append(null)));
    }

    [TestCase("search", "default", "*/default")]
    [TestCase("search", "free", "*/free")]
    [TestCase("other", "paid", "other/paid")]
    [TestCase("other", "free", "*/free")]
    [TestCase("other", "default", "*/default")]
    [TestCase("*", "free", "*/free")]
    [TestCase("*", "paid", "*/default")]
    [TestCase("**", "*", "*/default")]
    [TestCase("", "Free", "*/default")]
    public void Resolve_RouteWithoutAPolicyThatFits_IsTheCatchAll(
        string route,
        string role,
        string key
    )
    {
        var table = new PolicyTable([
            Other,
            TestData.Policy("*", "free"),
            TestData.Policy("*", "default"),
        ]);

        var found = table.Resolve(route, role)!.Key;

        Assert.That($"{found.RouteKey}/{found.Role}", Is.EqualTo(key));
    }

    [TestCase("search", "*")]
    [TestCase("*", "free")]
    public void Resolve_AStarThatIsNoCatchAll_IsANameLikeAnyOther(string route, string role) =>
        Assert.That(
            new PolicyTable([TestData.Policy(route, role)]).Resolve("search", "default"),
            Is.Null
        );

    [Test]
    public void Resolve_NoPolicies_IsNull() =>
        Assert.That(new PolicyTable([]).Resolve("search", "default"), Is.Null);
}
