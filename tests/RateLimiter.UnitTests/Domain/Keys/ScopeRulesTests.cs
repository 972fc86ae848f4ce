using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Domain.Keys;

public sealed class ScopeRulesTests
{
    [Test]
    public void Names_EachScope_IsReadAsItIsWritten()
    {
        foreach (var scope in Enum.GetValues<Scopes>().Where(scope => scope != Scopes.None))
        {
            Assert.That(ScopeRules.TryParse(scope.ToNames(), out var read));
            Assert.That(read, Is.EqualTo(scope));
        }

        Assert.That(
            ScopeRules.Names,
            Is.EqualTo(
                new[]
                {
                    "check",
                    "policy:read",
                    "policy:write",
                    "logs:read",
                    "usage:write",
                    "keys:write",
                    "audit:read",
                    "admin",
                }
            )
        );
    }

    [TestCase("chek")]
    [TestCase("Check")]
    [TestCase("")]
    [TestCase(null)]
    [TestCase("check,admin")]
    public void TryParse_OneThatIsNone_IsFalse(string? name) =>
        Assert.That(ScopeRules.TryParse(["check", name], out _), Is.False);

    [TestCase(Scopes.Check, Scopes.Check, true)]
    [TestCase(Scopes.Check, Scopes.Check | Scopes.UsageWrite, true)]
    [TestCase(Scopes.Admin, Scopes.Check, true)]
    [TestCase(Scopes.Check, Scopes.PolicyRead, false)]
    [TestCase(Scopes.KeysWrite, Scopes.Admin, false)]
    [TestCase(Scopes.None, Scopes.Check, false)]
    public void Allow_AnyOfTheWanted_IsEnough(Scopes own, Scopes wanted, bool allowed) =>
        Assert.That(own.Allow(wanted), Is.EqualTo(allowed));

    [TestCase(Scopes.Check, Scopes.Check, true)]
    [TestCase(Scopes.Check | Scopes.KeysWrite, Scopes.Check, true)]
    [TestCase(Scopes.Admin, Scopes.Admin | Scopes.LogsRead, true)]
    [TestCase(Scopes.Check, Scopes.Check | Scopes.LogsRead, false)]
    [TestCase(Scopes.KeysWrite, Scopes.Admin, false)]
    public void Cover_NoMoreThanTheOwn_IsTrue(Scopes own, Scopes others, bool covered) =>
        Assert.That(own.Cover(others), Is.EqualTo(covered));
}
