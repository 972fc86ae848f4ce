using RateLimiter.Api.Checks;

namespace RateLimiter.UnitTests.Api.Checks;

public sealed class CheckRequestTests
{
    [Test]
    public void Faults_OnlyWhatMustBeThere_IsRightAndCosts1()
    {
        var request = new CheckRequest("alice", "search", null);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Faults(request), Is.Empty);
            Assert.That(request.Cost, Is.EqualTo(1));
        }
    }

    private static IEnumerable<TestCaseData<CheckRequest>> AtTheBounds()
    {
        yield return new(new(Text(1), Text(1), Text(1), 0)) { TestName = "{m}(least)" };
        yield return new(new(Text(256), Text(128), Text(128), 1_000_000_000))
        {
            TestName = "{m}(greatest)",
        };
        yield return new(new(Text(256, "😀"), Text(128, "😀"), Text(128, "😀")))
        {
            TestName = "{m}(greatest, in code points)",
        };
    }

    [TestCaseSource(nameof(AtTheBounds))]
    public void Faults_AtTheBounds_IsRight(CheckRequest request) =>
        Assert.That(Faults(request), Is.Empty);

    private static IEnumerable<TestCaseData<CheckRequest, string>> Wrong()
    {
        yield return Case(new(null, "r", "r"), "user_id: is required");
        yield return Case(new("", "r", "r"), "user_id: must have 1 to 256 characters");
        yield return Case(new(Text(257), "r", "r"), "user_id: must have 1 to 256 characters");
        yield return Case(new("\n", "r", "r"), "user_id: must not contain control characters");
        yield return Case(new("u", null, "r"), "route_key: is required");
        yield return Case(new("u", "", "r"), "route_key: must have 1 to 128 characters");
        yield return Case(new("u", Text(129), "r"), "route_key: must have 1 to 128 characters");
        yield return Case(new("u", "\0", "r"), "route_key: must not contain control characters");
        yield return Case(new("u", "r", ""), "role: must have 1 to 128 characters");
        yield return Case(new("u", "r", Text(129)), "role: must have 1 to 128 characters");
        yield return Case(new("u", "r", "\u0085"), "role: must not contain control characters");
        yield return Case(new("u", "r", null, -1), "cost: must be from 0 to 1000000000");
        yield return Case(new("u", "r", null, 1_000_000_001), "cost: must be from 0 to 1000000000");
        yield return Case(new("u", "r", null, long.MinValue), "cost: must be from 0 to 1000000000");

        static TestCaseData<CheckRequest, string> Case(CheckRequest request, string fault) =>
            new(request, fault);
    }

    [TestCaseSource(nameof(Wrong))]
    public void Faults_OneFieldWrong_NamesItAsTheCallerDoes(CheckRequest request, string fault) =>
        Assert.That(Faults(request), Is.EqualTo(new[] { fault }));

    [Test]
    public void Faults_EveryFieldWrong_NamesThemAll() =>
        Assert.That(
            Faults(new CheckRequest(null, null, "", -1)),
            Is.EquivalentTo(
                new[]
                {
                    "user_id: is required",
                    "route_key: is required",
                    "role: must have 1 to 128 characters",
                    "cost: must be from 0 to 1000000000",
                }
            )
        );

    private static IEnumerable<string> Faults(CheckRequest request) =>
        (request.Validate() ?? []).SelectMany(field =>
            field.Value.Select(message => $"{field.Key}: {message}")
        );

    private static string Text(int length, string character = "x") =>
        string.Concat(Enumerable.Repeat(character, length));
}
