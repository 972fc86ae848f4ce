using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Domain.Policies;

public sealed class PolicyKeyTests
{
    [TestCase(null)]
    [TestCase("default")]
    public void Create_NoRoleOrTheDefaultOne_IsTheDefaultRole(string? role) =>
        Assert.That(
            PolicyKey.Create("search", role),
            Is.EqualTo(new PolicyKey("search", PolicyKey.DefaultRole))
        );

    [TestCase("")]
    [TestCase("Default")]
    [TestCase(" default")]
    [TestCase("free")]
    public void Create_AnyOtherRole_IsThatRole(string role) =>
        Assert.That(PolicyKey.Create("search", role).Role, Is.EqualTo(role));

    [TestCase("a", "a", "a", "a", 0)]
    [TestCase("a", "a", "a", "b", -1)]
    [TestCase("a", "b", "b", "a", -1)]
    [TestCase("ab", "a", "a", "b", 1)]
    [TestCase("\uffff", "a", "😀", "a", -1)]
    [TestCase("a", "\uffff", "a", "😀", -1)]
    public void CompareTo_AnotherKey_OrdersByRouteThenRole(
        string route,
        string role,
        string otherRoute,
        string otherRole,
        int sign
    )
    {
        var (key, other) = (new PolicyKey(route, role), new PolicyKey(otherRoute, otherRole));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Math.Sign(key.CompareTo(other)), Is.EqualTo(sign));
            Assert.That(Math.Sign(other.CompareTo(key)), Is.EqualTo(-sign));
            Assert.That(key < other, Is.EqualTo(sign < 0));
            Assert.That(key <= other, Is.EqualTo(sign <= 0));
            Assert.That(key > other, Is.EqualTo(sign > 0));
            Assert.That(key >= other, Is.EqualTo(sign >= 0));
        }
    }

    [TestCase("a", "b:c", "a:b", "c")]
    [TestCase("é", "r", "e\u0301", "r")]
    [TestCase("A", "r", "a", "r")]
    [TestCase("a", "r", "a ", "r")]
    public void Equals_NamesThatOnlyLookAlike_IsFalse(
        string route,
        string role,
        string otherRoute,
        string otherRole
    ) =>
        Assert.That(
            new PolicyKey(route, role),
            Is.Not.EqualTo(new PolicyKey(otherRoute, otherRole))
        );

    [TestCase("*", "default", true)]
    [TestCase("*", "free", true)]
    [TestCase("**", "default", false)]
    [TestCase("search", "*", false)]
    public void IsCatchAll_Key_IsWhetherItsRouteIsAStar(string route, string role, bool expected) =>
        Assert.That(new PolicyKey(route, role).IsCatchAll, Is.EqualTo(expected));
}
