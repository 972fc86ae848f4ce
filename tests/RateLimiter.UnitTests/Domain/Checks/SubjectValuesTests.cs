using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Domain.Checks;

public sealed class SubjectValuesTests
{
    [Test]
    public void Of_AnyOrder_IsTheSame()
    {
        var one = TestData.Subjects(("org", "acme"), ("model", "gpt"));
        var other = TestData.Subjects(("model", "gpt"), ("org", "acme"));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(one.Equals(other));
            Assert.That(one.GetHashCode(), Is.EqualTo(other.GetHashCode()));
            Assert.That(one.Keys, Is.EqualTo(new[] { "model", "org" }));
            Assert.That(one["org"], Is.EqualTo("acme"));
            Assert.That(one.Find("Org"), Is.Null);
            Assert.That(one.Equals(TestData.Subjects(("org", "acme"))), Is.False);
            Assert.That(one.Equals(TestData.Subjects(("org", "gpt"), ("model", "acme"))), Is.False);
        }
    }

    [Test]
    public void Of_None_IsNull()
    {
        Assert.That(SubjectValues.Of(null), Is.Null);
        Assert.That(SubjectValues.Of([]), Is.Null);
    }

    [Test]
    public void Text_SomeNames_HasTheirValuesWithLengths()
    {
        var subjects = TestData.Subjects(("org", "ac:me"), ("model", "gpt"), ("a", "x"));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                subjects.Text(["user_id", "org", "model"]),
                Is.EqualTo("model:3:gptorg:5:ac:me")
            );
            Assert.That(subjects.Text(SubjectNames.UserOnly), Is.Null);
            Assert.That(subjects.Text(SubjectNames.None), Is.Null);
        }
    }
}
