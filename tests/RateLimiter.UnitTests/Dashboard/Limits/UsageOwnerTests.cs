using RateLimiter.Dashboard.Formatting;
using RateLimiter.Dashboard.Limits;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Dashboard.Limits;

public sealed class UsageOwnerTests
{
    private static readonly Policy Policy = TestData.Policy(
        limits:
        [
            TestData.Limit("user"),
            TestData.Limit("org", per: ["org"]),
            TestData.Limit("member", per: ["org", "user_id"]),
            TestData.Limit("all", per: []),
        ]
    );

    [TestCase("alice", "", "user all", "user", "alice")]
    [TestCase(null, "org=acme", "org all", "org", "org=acme")]
    [TestCase("alice", "org=acme", "user org member all", "member", "alice, org=acme")]
    [TestCase("alice", "model=gpt", "user all", "", "alice, model=gpt")]
    [TestCase(null, "", "all", "all", "")]
    public void Limits_OfAPolicy_AreThoseOfWhichAllSubjectsAreNamed(
        string? user,
        string subjects,
        string counted,
        string reset,
        string text
    )
    {
        var owner = new UsageOwner(user, SubjectText.Read(subjects).Subjects);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Names(owner.LimitsOf(Policy)), Is.EqualTo(counted));
            Assert.That(Names(owner.ResetLimitsOf(Policy)), Is.EqualTo(reset));
            Assert.That($"{owner}", Is.EqualTo(text));
            Assert.That(owner.IsNobody, Is.EqualTo(text.Length == 0));
        }

        static string Names(IEnumerable<Limit> limits) =>
            string.Join(' ', limits.Select(limit => limit.Name));
    }
}
