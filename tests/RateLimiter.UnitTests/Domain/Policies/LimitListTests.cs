using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Domain.Policies;

public sealed class LimitListTests
{
    private static readonly Limit OfUser = TestData.Limit("user");
    private static readonly Limit OfOrg = TestData.Limit("org", per: ["org"]);
    private static readonly Limit OfMember = TestData.Limit("member", per: ["org", "user_id"]);
    private static readonly Limit OfAll = TestData.Limit("all", per: []);

    private static IEnumerable<TestCaseData<LimitList, string[], string[], bool>> Lists()
    {
        yield return new([OfUser], ["user_id"], [], true) { TestName = "{m}(a user)" };
        yield return new([OfUser, OfUser], ["user_id"], [], true) { TestName = "{m}(users)" };
        yield return new([OfOrg], ["org"], ["org"], true) { TestName = "{m}(org)" };
        yield return new([OfOrg, OfMember], ["org"], ["org"], false)
        {
            TestName = "{m}(org and member)",
        };
        yield return new([OfMember, OfUser], ["user_id"], ["org"], false)
        {
            TestName = "{m}(member and user)",
        };
        yield return new([OfOrg, OfUser], [], ["org"], false) { TestName = "{m}(org and user)" };
        yield return new([OfAll, OfUser], [], [], false) { TestName = "{m}(all and user)" };
        yield return new([OfAll], [], [], true) { TestName = "{m}(all)" };
        yield return new([OfOrg, OfUser, OfOrg], [], ["org"], false)
        {
            TestName = "{m}(org, user, org)",
        };
        yield return new([], [], [], true) { TestName = "{m}(none)" };
    }

    [TestCaseSource(nameof(Lists))]
    public void Create_Limits_KnowsTheirSubjects(
        LimitList limits,
        string[] common,
        string[] named,
        bool haveSame
    )
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(limits.Common, Is.EqualTo(common));
            Assert.That(limits.Named, Is.EqualTo(named));
            Assert.That(limits.HaveSameSubjects, Is.EqualTo(haveSame));
            Assert.That(
                limits.AreOfUsers,
                Is.EqualTo(limits.Count > 0 && limits.All(limit => limit.Per.Equals(OfUser.Per)))
            );
        }
    }

    [Test]
    public void Select_Bits_HasTheseLimitsAndIsTheSameObjectAgain()
    {
        LimitList limits = [OfUser, OfOrg, OfMember];

        var again = limits.Select(0b101);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(limits.Select(0b101), Is.EqualTo(new[] { OfUser, OfMember }));
            Assert.That(again, Is.SameAs(limits.Select(0b101)));
            Assert.That(limits.Select(0), Is.Empty);
            Assert.That(limits.Select(limits.All), Is.SameAs(limits));
        }
    }

    [Test]
    public void Equals_SameLimitsInTheSameOrder_IsSo()
    {
        LimitList limits = [OfUser, OfOrg];

        using (Assert.EnterMultipleScope())
        {
            Assert.That(limits.Equals([OfUser, OfOrg]));
            Assert.That(
                limits.GetHashCode(),
                Is.EqualTo(LimitList.Create([OfUser, OfOrg]).GetHashCode())
            );
            Assert.That(limits.Equals([OfOrg, OfUser]), Is.False);
            Assert.That(limits.Equals([OfUser]), Is.False);
            Assert.That(limits.Equals(null), Is.False);
        }
    }
}
