using System.Diagnostics;
using RateLimiter.Application.Policies;

namespace RateLimiter.UnitTests.Application.Policies;

public sealed class PolicyRefusalTests
{
    private static IEnumerable<TestCaseData<PolicyOutcome, string>> Refusals()
    {
        yield return new(
            new PolicyNotFound(),
            "There is no policy for this route and role, or no such version of it."
        );
        yield return new(
            new ConditionFailed(),
            "Somebody else has changed this policy in the meantime."
        );
        yield return new(
            new TooManyPolicies(7),
            "A client can have 7 policies. Delete one that is not needed any more."
        );
        yield return new(
            new PoliciesTooLarge(7),
            "All policies of a client can take up 7 bytes. Delete one, or shorten names and descriptions."
        );
        yield return new(
            new WindowTooLong(7),
            "The window of a limit can be 7 seconds long on this service."
        );
        yield return new(
            new PoliciesContended(),
            "Other callers keep changing the same policies. Nothing was changed; try again."
        );
        yield return new(new NoSuchClient(), "The client or its API key has just been deleted.");
    }

    [TestCaseSource(nameof(Refusals))]
    public void Why_Refusal_SaysWhy(PolicyOutcome outcome, string text) =>
        Assert.That(PolicyRefusal.Why(outcome), Is.EqualTo(text));

    [Test]
    public void Why_ChangeThatWasMade_IsNoRefusal() =>
        Assert.Throws<UnreachableException>(() => PolicyRefusal.Why(new PolicyDeleted()));
}
