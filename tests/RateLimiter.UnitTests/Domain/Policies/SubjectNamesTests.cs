using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Domain.Policies;

public sealed class SubjectNamesTests
{
    [Test]
    public void Create_AnyOrderWithRepetitions_IsTheSameSet()
    {
        SubjectNames one = ["user_id", "org", "b_2", "b2"];
        SubjectNames other = ["b2", "org", "b_2", "user_id", "org"];

        using (Assert.EnterMultipleScope())
        {
            Assert.That(one, Is.EqualTo(new[] { "b2", "b_2", "org", "user_id" }));
            Assert.That(one.Equals(other));
            Assert.That(one.GetHashCode(), Is.EqualTo(other.GetHashCode()));
            Assert.That($"{one}", Is.EqualTo("[b2, b_2, org, user_id]"));
        }
    }

    [Test]
    public void Create_UserAlone_IsTheSharedSet() =>
        Assert.That(SubjectNames.Create(["user_id"]), Is.SameAs(SubjectNames.UserOnly));

    [TestCase(new[] { "org" }, new[] { "org", "user_id" }, "org")]
    [TestCase(new[] { "user_id", "org" }, new[] { "user_id", "model" }, "user_id")]
    [TestCase(new[] { "org" }, new[] { "user_id" })]
    [TestCase(new[] { "org" }, new string[0])]
    public void Intersect_Sets_HasWhatBothHave(
        string[] one,
        string[] other,
        params string[] common
    ) =>
        Assert.That(
            SubjectNames.Create(one).Intersect(SubjectNames.Create(other)),
            Is.EqualTo(common)
        );

    [TestCase("a", true)]
    [TestCase("a_1", true)]
    [TestCase("a__", true)]
    [TestCase("user_ids", true)]
    [TestCase("user_id", false)]
    [TestCase("", false)]
    [TestCase("_a", false)]
    [TestCase("1a", false)]
    [TestCase("A", false)]
    [TestCase("aB", false)]
    [TestCase("a-b", false)]
    [TestCase("a b", false)]
    [TestCase("ä", false)]
    public void Problem_Name_SaysWhetherItIsOne(string name, bool isName) =>
        Assert.That(SubjectNames.Problem(name) is null, Is.EqualTo(isName));

    [TestCase(64, true)]
    [TestCase(65, false)]
    public void Problem_LongName_SaysWhetherItIsOne(int length, bool isName) =>
        Assert.That(SubjectNames.Problem(new string('a', length)) is null, Is.EqualTo(isName));
}
