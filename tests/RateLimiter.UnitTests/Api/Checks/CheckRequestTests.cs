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
}
