using System.Diagnostics;
using RateLimiter.Application.Keys;
using RateLimiter.Domain.Keys;

namespace RateLimiter.UnitTests.Application.Keys;

public sealed class KeyRefusalTests
{
    private static IEnumerable<TestCaseData<KeyOutcome?, string>> Refusals()
    {
        yield return new(new KeyNotFound(), "There is no such key.");
        yield return new(
            new LastAdminKey(),
            "This is the last key with the scope admin, or the last that does not expire. Make another one first."
        );
        yield return new(
            new KeyReplaced(),
            "This key was replaced before. Use the one that replaced it."
        );
        yield return new(
            new TooManyKeys(7),
            "A client can have 7 keys. Delete one that is not needed any more."
        );
        yield return new(
            new ExceedsCallerScope(),
            "The key would be good, or is, for more or for longer than the API key of this request."
        );
        yield return new(
            new KeysContended(),
            "Other callers keep changing the keys of this client. Nothing was changed; try again."
        );
        yield return new(null, "The client or its API key has just been deleted.");
    }

    [TestCaseSource(nameof(Refusals))]
    public void Why_Refusal_SaysWhy(KeyOutcome? outcome, string text) =>
        Assert.That(KeyRefusal.Why(outcome), Is.EqualTo(text));

    [Test]
    public void Why_ChangeThatWasMade_IsNoRefusal() =>
        Assert.Throws<UnreachableException>(() =>
            KeyRefusal.Why(new KeyDeleted(TestData.Key(KeyHash.Of("any"))))
        );

    [TestCase(Scopes.Admin, "The API key does not have the scope admin.")]
    [TestCase(
        Scopes.Check | Scopes.UsageWrite,
        "The API key does not have the scope check or usage:write."
    )]
    public void ScopeMissing_Scopes_NamesThem(Scopes wanted, string text) =>
        Assert.That(KeyRefusal.ScopeMissing(wanted), Is.EqualTo(text));
}
