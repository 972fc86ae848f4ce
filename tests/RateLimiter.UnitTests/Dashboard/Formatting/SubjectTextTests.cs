using RateLimiter.Dashboard.Formatting;

namespace RateLimiter.UnitTests.Dashboard.Formatting;

public sealed class SubjectTextTests
{
    [TestCase("org=acme", "org=acme")]
    [TestCase("  org=acme ,  model=gpt ", "model=gpt|org=acme")]
    [TestCase("org=Acme, Inc., model=a=b", "model=a=b|org=Acme, Inc.")]
    [TestCase("org=a,b", "org=a,b")]
    public void Read_WhatAViewerEnters_HasItsSubjects(string entered, string expected)
    {
        var (subjects, problem) = SubjectText.Read(entered);

        Assert.That(string.Join('|', SubjectText.Pairs(subjects)), Is.EqualTo(expected));
        Assert.That(problem, Is.Null);
    }

    [TestCase(null)]
    [TestCase(" ")]
    public void Read_Nothing_IsNoSubjects(string? entered) =>
        Assert.That(SubjectText.Read(entered), Is.EqualTo((default(object), default(string))));

    [TestCase("acme", "must be as in org=acme")]
    [TestCase("org=acme, org=other", "must name org only once")]
    [TestCase("org=", "org must")]
    [TestCase("Org=acme", "Org must")]
    [TestCase("user_id=u", "user_id must not be user_id")]
    public void Read_WhatIsNoSubject_SaysSo(string entered, string problem)
    {
        var read = SubjectText.Read(entered);

        Assert.That(read.Subjects, Is.Null);
        Assert.That(read.Problem, Does.StartWith(problem));
    }

    [Test]
    public void Pairs_ReadAgain_AreTheSame()
    {
        var subjects = TestData.Subjects(("org", "a, model=b"), ("model", "=="));

        Assert.That(SubjectText.Read(SubjectText.Pairs(subjects)).Subjects, Is.EqualTo(subjects));
        Assert.That(SubjectText.Write(subjects), Is.EqualTo("model===, org=a, model=b"));
        Assert.That(SubjectText.Write(null), Is.Empty);
    }

    [Test]
    public void OfLogs_Subjects_AreParametersOfTheAddress() =>
        Assert.That(
            Addresses.OfLogs(
                "a&b",
                subjects: TestData.Subjects(("org", "acme & co"), ("model", "gpt"))
            ),
            Is.EqualTo("logs?user=a%26b&subject=model%3Dgpt&subject=org%3Dacme%20%26%20co")
        );
}
