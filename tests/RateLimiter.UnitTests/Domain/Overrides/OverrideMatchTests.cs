using RateLimiter.Domain.Overrides;

namespace RateLimiter.UnitTests.Domain.Overrides;

public sealed class OverrideMatchTests
{
    [TestCase("alice", OverrideMatchType.Exact)]
    [TestCase("GET /orders", OverrideMatchType.Exact)]
    [TestCase("10.0.0.1", OverrideMatchType.Exact)]
    [TestCase("a/24", OverrideMatchType.Exact)]
    [TestCase("alice*", OverrideMatchType.Pattern)]
    [TestCase("*@acme.com", OverrideMatchType.Pattern)]
    [TestCase("10.0.0.*", OverrideMatchType.Pattern)]
    [TestCase("10.0.0.0/8", OverrideMatchType.Network)]
    [TestCase("2001:db8::/32", OverrideMatchType.Network)]
    [TestCase("::ffff:10.0.0.0/104", OverrideMatchType.Network)]
    public void TypeOf_MatchThatIsRight_IsSeenByItsForm(string match, OverrideMatchType expected)
    {
        Assert.That(OverrideMatch.TypeOf(match), Is.EqualTo(expected));
        Assert.That(OverrideMatch.Problem(match, null), Is.Null);
    }

    [TestCase("*")]
    [TestCase("**")]
    [TestCase("*a*")]
    [TestCase("a*b")]
    [TestCase("a**")]
    [TestCase("alice", OverrideMatchType.Pattern)]
    [TestCase("10.0.0.0/33")]
    [TestCase("10.0.0.0/")]
    [TestCase("10.0.0.0/x")]
    [TestCase("10.0.0.0/*")]
    [TestCase("10.0.0.1/24")]
    [TestCase("2001:db8::/129")]
    [TestCase("2001:db8::1/64")]
    [TestCase("10.0.0.1", OverrideMatchType.Network)]
    [TestCase("alice", OverrideMatchType.Network)]
    [TestCase("a/24", OverrideMatchType.Network)]
    public void Problem_MatchThatIsWrong_SaysWhatItMustBe(
        string match,
        OverrideMatchType? type = null
    ) => Assert.That(OverrideMatch.Problem(match, type), Does.StartWith("must "));

    [TestCase("*")]
    [TestCase("a*b")]
    [TestCase("10.0.0.0/33")]
    public void Problem_ExactWhateverItsForm_IsNone(string match) =>
        Assert.That(OverrideMatch.Problem(match, OverrideMatchType.Exact), Is.Null);
}
